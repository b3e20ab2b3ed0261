"""One file a dock: each panel is a `View` that shows or changes a part of the document."""
