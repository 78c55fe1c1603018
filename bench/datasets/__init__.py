"""Images and annotations: the user's own in COCO format, and the rendered default."""
