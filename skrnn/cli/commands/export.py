"""``skrnn export``: write a saved model as ONNX."""

from skrnn.cli.errors import refusals
from skrnn.cli.new_files import write_file
from skrnn.cli.options import add_force_option, file_path
from skrnn.cli.outputs import check_outputs
from skrnn.exceptions import CommandError


def add_parser(commands):
    """Add the command."""
    parser = commands.add_parser(
        "export",
        help="write a model as ONNX",
        description=(
            "Write a model as ONNX, for onnxruntime without Python and TensorFlow. The page on "
            "ONNX of the documentation describes the model's inputs."
        ),
    )
    parser.add_argument("model", type=file_path, metavar="MODEL", help="a file from skrnn train")
    parser.add_argument("--output", type=file_path, required=True, metavar="FILE.onnx")
    add_force_option(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """Run the command."""
    if arguments.output.suffix.lower() != ".onnx":
        raise CommandError(f"--output {arguments.output}: the name of the file must end in .onnx.")
    check_outputs({"--output": arguments.output}, [arguments.model], force=arguments.force)
    from skrnn import to_onnx
    from skrnn.cli.models import load_model

    estimator = load_model(arguments.model)

    with refusals():
        model = to_onnx(estimator)
    try:
        content = model.SerializeToString()
    except ValueError as error:  # from protobuf, whose limit is 2 GB
        raise CommandError(f"{arguments.model} is too large for one ONNX file: {error}") from error
    write_file(arguments.output, content, force=arguments.force)
    inputs = ", ".join(value.name for value in model.graph.input)
    outputs = " and ".join(value.name for value in model.graph.output)
    print(f"{arguments.output}: {len(content) / 1e6:.1f} MB, inputs {inputs}, outputs {outputs}")
