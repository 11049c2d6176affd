"""How a page asks for a result: from memory, or computed beside while the rest of the page is there."""
