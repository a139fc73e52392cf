"""The tree of errors: messages, codes, pickling, and what the native core raises."""

import pickle

import pytest
from colorlab import errors

ALL = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("cls", ALL)
def test_every_error_is_a_colorlab_error_with_its_parts(cls):
    error = cls("it broke", path="a.jpg", hint="Mend it")
    assert isinstance(error, errors.ColorlabError)
    assert (error.reason, error.path, error.hint) == ("it broke", "a.jpg", "Mend it")
    assert error.code == cls.default_code
    assert str(error) == "a.jpg: it broke. Mend it"


@pytest.mark.parametrize("cls", ALL)
def test_every_error_survives_pickling(cls):
    error = pickle.loads(
        pickle.dumps(cls("it broke", code="special", path="a.jpg", hint="Mend it"))
    )
    assert type(error) is cls
    assert error.code == "special"
    assert str(error) == "a.jpg: it broke. Mend it"


@pytest.mark.parametrize("cls", ALL)
def test_parts_may_be_missing(cls):
    error = cls("it broke")
    assert str(error) == "it broke"
    assert error.path is None
    assert error.hint is None


def test_with_path_names_a_file_once():
    error = errors.CorruptImageError("it broke", hint="Mend it")
    assert str(error.with_path("a.jpg")) == "a.jpg: it broke. Mend it"
    assert error.with_path("a.jpg").with_path("b.jpg").path == "a.jpg"
    assert type(error.with_path("a.jpg")) is errors.CorruptImageError


def test_errors_are_also_the_builtin_ones_a_caller_expects():
    assert issubclass(errors.ShapeError, ValueError)
    assert issubclass(errors.DTypeError, TypeError)
    assert issubclass(errors.InputNotFoundError, FileNotFoundError)
    assert issubclass(errors.InvalidArgumentError, ValueError)


@pytest.mark.parametrize(
    ("code", "cls"),
    [
        ("unsupported_format", errors.UnsupportedFormatError),
        ("corrupt_image", errors.CorruptImageError),
        ("truncated_image", errors.TruncatedImageError),
        ("image_too_large", errors.ImageTooLargeError),
        ("shape", errors.ShapeError),
        ("dtype", errors.DTypeError),
        ("file_not_found", errors.InputNotFoundError),
        ("input_unreadable", errors.InputError),
        ("output_exists", errors.OutputError),
        ("output_unwritable", errors.OutputError),
        ("cancelled", errors.OperationCancelled),
        ("invalid_argument", errors.InvalidArgumentError),
        ("something_new", errors.ColorlabError),
    ],
)
def test_the_cores_codes_have_their_classes(code, cls):
    error = errors.from_core(code, "it broke", "", "")
    assert type(error) is cls
    assert error.code == code
    assert error.path is None
    assert error.hint is None
