"""The gallery: photos on which a variant differs most from its FP32 sibling, as data, HTML and Markdown."""
