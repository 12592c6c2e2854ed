"""An ONNX graph, written node by node."""

from contextlib import contextmanager

import numpy as np

from skrnn.exceptions import InvalidInputError

# The lowest version with the operators used here; onnxruntime supports it since 1.8 (2021).
OPSET, ML_OPSET, IR_VERSION = 14, 2, 7
ML = "ai.onnx.ml"


def check_onnx(caller):
    """Import onnx, or raise ImportError with the command to install it."""
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            f"{caller} needs onnx. Install it with: pip install 'skrnn[onnx]'"
        ) from error
    return onnx


class Graph:
    """Collects nodes, constants, inputs and outputs for an ONNX model.

    A tensor is represented by its name, a str. For a constant input of an operator, pass the
    array: it becomes an initializer, which equal arrays share.

    Parameters
    ----------
    onnx : module
        The onnx package.
    """

    def __init__(self, onnx):
        self.onnx = onnx
        self.nodes, self.inputs, self.outputs = [], [], []
        self.initializers = {}
        self._prefix = ""

    @contextmanager
    def inside(self, prefix):
        """Begin the names of nodes and weights with this: several networks use the same ones."""
        self._prefix = prefix
        try:
            yield
        finally:
            self._prefix = ""

    def input(self, name, dtype, shape):
        """Declare an input; a str in `shape` is the name of an axis of any length."""
        self.inputs.append(self._value(name, dtype, shape))
        return name

    def output(self, tensor, name, dtype, shape):
        """Declare that a tensor is an output, under this name."""
        self.nodes.append(self.onnx.helper.make_node("Identity", [tensor], [name], name=name))
        self.outputs.append(self._value(name, dtype, shape))

    def labels(self, classes):
        """Return class labels as an array that ONNX can hold, and its type."""
        if classes.dtype.kind == "U" or all(isinstance(label, str) for label in classes):
            for label in classes:
                check_utf8(label, "class")
            return classes.astype(object), str
        if classes.dtype.kind in "iu" and classes[-1] <= np.iinfo(np.int64).max:
            return classes.astype(np.int64), np.int64
        if classes.dtype.kind == "b" or classes.dtype in (np.float16, np.float32, np.float64):
            return classes, classes.dtype
        raise InvalidInputError(
            f"to_onnx cannot express classes of the dtype {classes.dtype} with labels of type "
            f"{type(classes[0]).__name__}. Labels must be strings, signed integers of up to 64 "
            "bits, booleans or floats. Encode y with sklearn.preprocessing.LabelEncoder before fit."
        )

    def add(self, operator, *inputs, n_outputs=1, name=None, domain="", **attributes):
        """Add a node.

        Parameters
        ----------
        operator : str
            Name of the operator.
        *inputs : str, ndarray or NumPy scalar
            Names of tensors, "" for an optional one that is left out, or constants.
        n_outputs : int or tuple of bool
            Number of outputs; as a tuple, whether to use each output.
        name : str or None
            The node's name, which a runtime shows in errors; generated if None.
        domain : str
            The set of operators that `operator` is from, ONNX's own by default.
        **attributes
            The node's attributes.

        Returns
        -------
        str, or tuple of str
            The outputs in use.
        """
        name = self._prefix + (name or f"{operator}_{len(self.nodes)}")
        wanted = n_outputs if isinstance(n_outputs, tuple) else (True,) * n_outputs
        outputs = [f"{name}:{i}" if is_wanted else "" for i, is_wanted in enumerate(wanted)]
        inputs = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        node = self.onnx.helper.make_node(
            operator, inputs, outputs, name=name, domain=domain, **attributes
        )
        self.nodes.append(node)
        given = tuple(filter(None, outputs))
        return given[0] if len(given) == 1 else given

    def constant(self, array, name=None):
        """Return the name of the initializer that holds an array.

        `name` is for weights, which have names and are never shared.
        """
        array = np.asarray(array)
        name = name and self._prefix + name
        key = name or (array.dtype.str, array.shape, array.tobytes())
        if key not in self.initializers:
            name = name or f"constant_{len(self.initializers)}"
            self.initializers[key] = self.onnx.numpy_helper.from_array(array, name)
        return self.initializers[key].name

    def cast(self, tensor, dtype):
        """Return a tensor with its values as another dtype."""
        return self.add("Cast", tensor, to=self._type(dtype))

    def size(self, tensor, axis):
        """Return the length of an axis, an int64 scalar."""
        return self.add("Gather", self.add("Shape", tensor), np.int64(axis))

    def positions(self, tensor, axis):
        """Return 0, 1, ... up to the length of an axis, int64."""
        return self.add("Range", np.int64(0), self.size(tensor, axis), np.int64(1))

    def model(self, name, doc, version, metadata):
        """Return a model of all that was added.

        Parameters
        ----------
        name, doc : str
            Name of the graph, and what the model is.
        version : str
            The version of skrnn.
        metadata : dict of str to str
            For the user of the model.

        Returns
        -------
        onnx.ModelProto
        """
        helper = self.onnx.helper
        graph = helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, list(self.initializers.values())
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name="skrnn",
            producer_version=version,
            doc_string=doc,
        )
        helper.set_model_props(model, metadata)
        return model

    def _value(self, name, dtype, shape):
        return self.onnx.helper.make_tensor_value_info(name, self._type(dtype), shape)

    def _type(self, dtype):
        if dtype is str:
            return self.onnx.TensorProto.STRING
        return self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


def check_utf8(label, what):
    """Raise ValueError if a string has no form in UTF-8."""
    try:
        label.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"to_onnx cannot express the {what} {label!r}: ONNX stores strings as UTF-8, which has "
            "no lone surrogates. Decode the texts with errors='replace'."
        ) from error
