"""What happens once per server: its start, its gate, its routes, its changes to Streamlit."""
