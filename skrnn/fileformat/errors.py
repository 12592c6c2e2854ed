"""Values of a file as error messages show them."""


def shown(value, width=60):
    """Return a value from a file for an error message: short, and on one line."""
    # The repr of a malicious value could be as long as the file.
    if isinstance(value, str):
        value = value[: width + 1]
    elif isinstance(value, dict | list):
        return f"a {type(value).__name__} of {len(value)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= width else text[: width - 3] + "..."
