"""Values of a file as error messages show them."""


def shown(value, width=60):
    """Return a value out of a file as an error message may show it: on one line, and short."""
    # repr of a whole hostile value could be as long as the file.
    if isinstance(value, str):
        value = value[: width + 1]
    elif isinstance(value, dict | list):
        return f"a {type(value).__name__} of {len(value)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= width else text[: width - 3] + "..."
