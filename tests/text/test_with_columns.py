"""TextWithColumns: which frames and columns it takes, what it returns, and bad input."""

import datetime
import decimal
import inspect
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, TargetEncoder

import skrnn
from skrnn import TextToSequence, TextWithColumns
from skrnn.exceptions import SkrnnError

FRAME = pd.DataFrame(
    {
        "stars": [4, 1, 3],
        "review": ["Good film!", "Dull.", "Good, good."],
        "price": [9.5, 3.25, 1e12],
        "seen": [True, False, True],
        "genre": ["drama", "crime", "drama"],
    }
)
NUMBERS = [[4, 9.5, 1], [1, 3.25, 0], [3, 1e12, 1]]


def beside(**changes):
    given = {"text": "review", "columns": ["stars", "price", "seen"]}
    return TextWithColumns(**{"to_sequence": TextToSequence(), **given, **changes})


def nullable(frame):
    return frame.convert_dtypes()


FRAMES = {
    "pandas": FRAME,
    "shuffled": FRAME[["genre", "seen", "review", "price", "stars"]],
    "more": FRAME.assign(more=1, columns=2, column_names=3, collect=4),
    "nullable": nullable(FRAME),
    "arrow dtypes": FRAME.convert_dtypes(dtype_backend="pyarrow"),
    "objects": FRAME.astype(object),
    "polars": pl.from_pandas(FRAME),
    "pyarrow": pa.Table.from_pandas(FRAME),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_frames(frame):
    """Fails if a container's columns are read by position, as other numbers, or not at all."""
    transformer = beside()
    X = transformer.fit_transform(frame)
    assert X.column_values.dtype == np.float64 and X.column_values.tolist() == NUMBERS
    assert X.column_names == transformer.column_names_ == ("stars", "price", "seen")
    plain = TextToSequence().fit_transform(FRAME["review"])
    assert (X.without_columns() != plain).nnz == 0 and X.words == plain.words
    assert transformer.n_features_in_ == frame.shape[1]
    for other in FRAMES.values():
        assert transformer.transform(other).column_values.tolist() == NUMBERS


def test_positions():
    """Fails if an array is refused, or a frame in another order is read in silence."""
    by_position = beside(text=1, columns=[0, -3, 3])
    for rows in (FRAME, FRAME.to_numpy(), pl.from_pandas(FRAME)):
        assert by_position.fit_transform(rows).column_values.tolist() == NUMBERS
    assert by_position.column_names_ == ("stars", "price", "seen")
    assert by_position.transform(FRAME.to_numpy()).column_values.tolist() == NUMBERS
    with pytest.raises(ValueError, match="column 0 of X is 'price', but in fit .* 'stars'"):
        by_position.transform(FRAME[["price", "review", "stars", "seen", "genre"]])
    with pytest.raises(ValueError, match="has 4 columns, but .* fitted on 5"):
        by_position.transform(FRAME.to_numpy()[:, :4])
    assert beside(text=1, columns=0).fit(FRAME.to_numpy()).column_names_ == ("column0",)
    labels = FRAME.set_axis([10, 11, 12, 13, 14], axis=1)
    found = beside(text=11, columns=[10, 12, 13]).fit_transform(labels)
    assert found.column_values.tolist() == NUMBERS and found.column_names == ("10", "12", "13")


TRANSFORMERS = {
    "one-hot": (
        make_column_transformer(
            (OneHotEncoder(sparse_output=False), ["genre"]), ("passthrough", ["stars"])
        ),
        ("onehotencoder__genre_crime", "onehotencoder__genre_drama", "passthrough__stars"),
        [[0, 1, 4], [1, 0, 1], [0, 1, 3]],
    ),
    "sparse": (
        make_column_transformer((OneHotEncoder(), ["genre"]), sparse_threshold=1.0),
        ("onehotencoder__genre_crime", "onehotencoder__genre_drama"),
        [[0, 1], [1, 0], [0, 1]],
    ),
    "function": (
        FunctionTransformer(lambda frame: frame["review"].str.len()),
        ("column0",),
        [[10], [5], [11]],
    ),
    "frame": (
        FunctionTransformer(lambda frame: frame[["price", "stars"]]),
        ("price", "stars"),
        [[9.5, 4], [3.25, 1], [1e12, 3]],
    ),
    "imputer": (
        make_pipeline(
            make_column_transformer(("passthrough", ["stars", "price"])), SimpleImputer()
        ),
        ("passthrough__stars", "passthrough__price"),
        [[4, 9.5], [1, 3.25], [3, 1e12]],
    ),
}


@pytest.mark.parametrize("setting", ["default", "pandas", "polars"])
@pytest.mark.parametrize("kind", TRANSFORMERS)
def test_transformers(kind, setting):
    """Fails if the rows or names are others, or a global container reaches what is inside."""
    transformer, names, expected = TRANSFORMERS[kind]
    one = beside(columns=transformer)
    with sklearn.config_context(transform_output=setting):
        X = one.fit_transform(FRAME)
        again = one.transform(FRAME)
    if setting == "default" or kind != "function":
        assert X.column_names == names
    assert X.column_values.tolist() == again.column_values.tolist() == expected
    assert not hasattr(transformer, "n_features_in_")  # it was cloned


def test_a_transformer_gets_y():
    """Fails if the target is not passed on."""
    columns = make_column_transformer((TargetEncoder(cv=2), ["genre"]))
    rows = pd.concat([FRAME] * 10)
    found = beside(columns=columns).fit_transform(rows, np.tile([1, 0, 1], 10))
    drama, crime = found.column_values[[0, 1], 0]
    assert drama > 0.9 and crime < 0.1


def test_other_columns_of_a_transformer_are_refused():
    """Fails if dummies of other rows are read as those of fit."""
    dummies = FunctionTransformer(lambda frame: pd.get_dummies(frame[["genre"]]))
    one = beside(columns=dummies).fit(FRAME)
    with pytest.raises(ValueError, match=r"returns the columns \['genre_drama'\], but in fit"):
        one.transform(FRAME[FRAME["genre"] == "drama"])
    shorter = FunctionTransformer(lambda frame: frame[["stars"]].iloc[:2])
    with pytest.raises(ValueError, match="3 texts, but 2 rows of numbers"):
        beside(columns=shorter).fit(FRAME)
    counts = make_column_transformer((CountVectorizer(analyzer="char", ngram_range=(1, 9)), "text"))
    many = pd.DataFrame({"text": [chr(500 + i) * 3 for i in range(600)], "stars": 1})
    with pytest.raises(ValueError, match="sparse columns, of which at most 1000"):
        beside(text="text", columns=counts).fit(many)


MISSING = FRAME.assign(stars=[4, np.nan, 3])


@pytest.mark.parametrize(
    "frame",
    [
        MISSING,
        MISSING.convert_dtypes(),
        MISSING.astype({"stars": object}),
        FRAME.assign(stars=[4, None, 3]).astype(object),
        FRAME.assign(stars=pd.array([True, pd.NA, False])),
        pl.from_pandas(MISSING),
        pl.from_pandas(FRAME).with_columns(stars=pl.Series([4, None, 3])),
        pl.from_pandas(FRAME).with_columns(stars=pl.Series([True, None, False])),
        pa.Table.from_pandas(FRAME.assign(stars=pd.array([4, None, 3]))),
        pa.Table.from_pandas(FRAME.assign(stars=pd.array([True, None, False]))),
    ],
)
def test_missing_numbers_are_refused(frame):
    """Fails if a missing number of any container becomes a number in silence."""
    message = "row 1 of the column 'stars' is missing.*SimpleImputer"
    with pytest.raises(ValueError, match=message):
        beside().fit(frame)
    with pytest.raises(ValueError, match=message):
        beside().fit(FRAME).transform(frame)


def test_the_way_out_of_missing_numbers():
    """Fails if what the message says does not run."""
    columns = make_pipeline(
        make_column_transformer(("passthrough", ["stars"])), SimpleImputer(add_indicator=True)
    )
    found = beside(columns=columns).fit_transform(MISSING)
    assert found.column_values.tolist() == [[4, 0], [3.5, 1], [3, 0]]


def test_masked_numbers_are_missing():
    """Fails if the numbers under a mask are read."""
    rows = np.ma.array(FRAME[["review", "stars"]].to_numpy(), mask=False)
    rows.mask[1, 1] = True
    with pytest.raises(ValueError, match="row 1 .*missing"):
        beside(text=0, columns=[1]).fit(rows)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["a", "b", "c"], "holds str 'a' in row 0.*OneHotEncoder"),
        (["1", "2", "3"], "holds str '1' in row 0"),
        ([1, 2, "3"], "holds str '3' in row 2"),
        (pd.Categorical([1, 2, 1]), "is of the dtype category.*OneHotEncoder"),
        (pd.to_datetime(["2020-01-01"] * 3), "holds datetime64.*days or hours"),
        (pd.to_timedelta([1, 2, 3]), "holds timedelta64"),
        ([datetime.date(2020, 1, 1)] * 3, "holds date"),
        ([[1], [2], [3]], r"holds list \[1\]"),
        ([1j, 2, 3], "holds complex"),
        ([1, np.inf, 2], "row 1 .* is inf.*Clip"),
        (pd.Series([1, 10**400, 2], dtype=object), "row 1 .* is inf"),
    ],
)
def test_what_is_no_number_is_refused(column, message):
    """Fails if codes of categories, or digits in a string, are read as numbers in silence."""
    with pytest.raises(ValueError, match=message):
        beside().fit(FRAME.assign(stars=column))
    frame = pl.from_pandas(FRAME).with_columns(
        stars=pl.Series(["a", "b", "a"], dtype=pl.Categorical)
    )
    with pytest.raises(ValueError, match="dtype Categorical"):
        beside().fit(frame)


def test_decimals():
    """Fails if exact numbers are refused."""
    frame = FRAME.assign(stars=[decimal.Decimal("4"), 1, np.float32(3)])
    assert beside().fit_transform(frame).column_values.tolist() == NUMBERS


@pytest.mark.parametrize(
    ("parameters", "X", "message"),
    [
        ({"text": "text"}, FRAME, "reads the column 'text', but X has no column .*'review'"),
        ({"columns": ["star"]}, FRAME, "reads the column 'star'.*'stars'"),
        ({"columns": []}, FRAME, "names no column"),
        ({"columns": ["stars", "stars"]}, FRAME, "two columns of the name 'stars'"),
        ({"columns": ["review"]}, FRAME, "column 'review' as numbers, but it holds str"),
        ({"columns": 7}, FRAME, "the column 7 of X, but X has 5"),
        ({"text": "stars"}, FRAME, "Document in row 0"),
        ({}, FRAME.to_numpy(), "no names of columns"),
        ({}, FRAME.set_axis(["stars", "review", "price", "seen", "seen"], axis=1), "2 columns"),
        ({}, FRAME["review"], "expects a frame"),
        ({}, FRAME["review"].tolist(), "expects a frame"),
        ({}, FRAME.to_dict("list"), "expects a frame"),
        ({}, sparse.csr_array(np.eye(3)), "expects a frame"),
        ({}, pl.from_pandas(FRAME).lazy(), r"LazyFrame. Call its collect\(\)"),
        ({"columns": None}, FRAME, "'columns' parameter"),
        ({"text": None}, FRAME, "'text' parameter"),
        ({"to_sequence": 3}, FRAME, "'to_sequence' parameter"),
        ({"to_sequence": TextToSequence(sparse_output=False)}, FRAME, "returns ndarray"),
        ({"to_sequence": CountVectorizer()}, FRAME, "must return a TokenArray"),
    ],
)
def test_bad_input_changes_nothing(parameters, X, message):
    """Fails if an error comes late, names nothing, or leaves half a fit."""
    one = beside().fit(FRAME)
    one.set_params(**parameters)
    before = pickle.dumps(vars(one))
    with pytest.raises((ValueError, TypeError), match=message):
        one.fit(X)
    assert pickle.dumps(vars(one)) == before


def test_frames_at_transform():
    """Fails if a frame without a column of fit is read."""
    one = beside().fit(FRAME)
    with pytest.raises(SkrnnError, match="'price'"):
        one.transform(FRAME.drop(columns="price"))
    with pytest.raises(SkrnnError, match="no names of columns"):
        one.transform(FRAME.to_numpy())
    with pytest.raises(SkrnnError, match="row 0 of the column 'price' is missing"):
        one.transform(FRAME.assign(price=np.nan))
    with pytest.raises(sklearn.exceptions.NotFittedError):
        beside().transform(FRAME)


def test_as_any_transformer():
    """Fails if clone, nested parameters, names, output containers or pickles are not as usual."""
    one = beside().set_params(to_sequence__max_length=2)
    copied = clone(one).fit(FRAME)
    assert not hasattr(one, "to_sequence_") and copied.to_sequence_.max_length == 2
    assert copied.get_feature_names_out().tolist() == ["texttosequence0", "texttosequence1"]
    assert {"text", "columns", "to_sequence__min_df"} <= set(one.get_params())
    assert len(ParameterGrid({"to_sequence__max_features": [1, 2]})) == 2
    X = pickle.loads(pickle.dumps(copied)).transform(FRAME)
    assert X.shape == (3, 2) and X.column_values.tolist() == NUMBERS
    words = copied.inverse_transform(X)
    assert [one.tolist() for one in words] == [["good", "film"], ["dull"], ["good", "good"]]
    assert copied.set_output(transform="default") is copied
    for transform in ("pandas", "polars"):
        with pytest.raises(ValueError, match="sparse array with columns"):
            make_pipeline(copied).set_output(transform=transform)
    assert TextWithColumns(text="review", columns="stars").fit(FRAME).column_names_ == ("stars",)
    assert list(inspect.signature(TextWithColumns).parameters) == ["to_sequence", "text", "columns"]
    assert skrnn.TextWithColumns is TextWithColumns


def test_a_pipeline_before_the_ids():
    """Fails if texts cannot be cleaned first."""
    clean = make_pipeline(
        FunctionTransformer(lambda texts: texts.str.replace("good", "bad", case=False)),
        TextToSequence(),
    )
    one = beside(to_sequence=clean)
    with sklearn.config_context(transform_output="pandas"):
        X = one.fit_transform(FRAME)
    assert one.inverse_transform(X)[0].tolist() == ["bad", "film", "!"]
