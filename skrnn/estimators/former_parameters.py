"""Parameters of files that earlier versions have written, as those of today."""

# Parameters that were numbers, and the classes that hold these now.
_LOSSES = {
    "adversarial_epsilon": ("AdversarialLoss", "epsilon", "adversarial"),
    "virtual_adversarial_epsilon": ("VirtualAdversarialLoss", "epsilon", "virtual_adversarial"),
    "entropy_weight": ("EntropyLoss", "weight", "entropy"),
}


def with_present_names(parameters):
    """Return the parameters of a file under their present names.

    Parameters
    ----------
    parameters : dict of str to JSON
        As the file has them. Values are checked by who decodes them.

    Returns
    -------
    dict of str to JSON
    """
    found = dict(parameters)
    if "extra_losses" not in found and not _LOSSES.keys().isdisjoint(found):
        found["extra_losses"] = _losses(found)
    if "checkpoint_minutes" in found:
        minutes = found.pop("checkpoint_minutes")
        path = found.get("checkpoint")
        if path is not None and minutes != 10.0:
            inner = {"path": path, "minutes": minutes}
            found["checkpoint"] = {"object": "Checkpoint", "parameters": inner}
    return found


def _losses(found):
    on = []
    for former, (cls, parameter, name) in _LOSSES.items():
        value = found.pop(former, 0.0)
        if value != 0:
            on.append([name, {"object": cls, "parameters": {parameter: value}}])
    if len(on) < 2:
        return on[0][1] if on else None
    return [{"tuple": pair} for pair in on]
