"""Docs: the pages of docs/reference, made from the code that they describe. `python -m hookline.docs FOLDER` writes them."""
