"""What Streamlit lacks: pictures that answer the pointer in the same frame, computed in the browser."""
