"""Generate: pictures that nobody drew."""
import streamlit as st
st.title("Generate")
