"""What a sweep file may say. One model a table of the file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from smpengine.plan.scalp_schema import Finite, NotNegative, Positive, Share, Table

Value = str | bool | int | float | list[Any] | dict[str, Any]
Count = Annotated[int, Field(ge=1, le=100_000_000)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


class RangeTable(Table):
    """Numbers from one to another, both included."""

    first: Finite = Field(alias="from", description="The first number.")
    to: Finite = Field(description="The last number.")
    count: Count = Field(description="How many.")
    spacing: Literal["linear", "log"] = Field("linear", description="Equal steps, or ratios.")


class UniformTable(Table):
    """Any number between two, all as likely."""

    low: Finite = Field(description="The smallest.")
    high: Finite = Field(description="The largest.")


class LogUniformTable(Table):
    """Any number between two, the logarithms of all as likely."""

    low: Positive = Field(description="The smallest.")
    high: Positive = Field(description="The largest.")


class NormalTable(Table):
    """A normal distribution, cut off where bounds are given."""

    mean: Finite = Field(description="Of the distribution before it is cut.")
    sd: Positive = Field(description="Standard deviation, likewise.")
    low: Finite | None = Field(None, description="Nothing is below.")
    high: Finite | None = Field(None, description="Nothing is above.")


class ChoiceTable(Table):
    """One of several values, at random."""

    values: list[Value] = Field(min_length=1, description="What there is to choose from.")
    weights: list[NotNegative] | None = Field(
        None, description="How likely each is, relative to the others; alike if not given."
    )


class AxisTable(Table):
    """One key that varies; exactly one of the ways how."""

    key: str = Field(min_length=1, description="Of the plan, of [picture], or day or faults.")
    values: list[Value] | None = Field(None, min_length=1, description="These, one by one.")
    range: RangeTable | None = Field(None, description="Numbers in steps.")
    uniform: UniformTable | None = Field(None, description="Sampled evenly.")
    loguniform: LogUniformTable | None = Field(None, description="Sampled evenly by logarithm.")
    normal: NormalTable | None = Field(None, description="Sampled from a normal distribution.")
    choice: ChoiceTable | None = Field(None, description="Sampled from a list.")
    whole: bool = Field(False, description="Round what is sampled to whole numbers.")
    pair: str | None = Field(
        None, description="Axes with the same word go together instead of being crossed."
    )
    when: dict[str, list[Value]] = Field(
        {}, description="Only where earlier axes have one of these values."
    )


class SampleTable(Table):
    """How the axes that are distributions are sampled, all of them together."""

    method: Literal["lhs", "sobol", "random"] = Field(
        "lhs", description="Latin hypercube, scrambled Sobol, or independent numbers."
    )
    count: Count | None = Field(
        None, description="Samples, crossed with the lists; one for each combination if not given."
    )


class PictureTable(Table):
    """What is rendered of a plan; the plan's own where nothing is given."""

    px_per_mm: Annotated[float, Field(ge=0.01, le=10_000)] | None = Field(
        None, description="Scale."
    )
    size_px: tuple[Count, Count] | None = Field(
        None, description="Width and height of the picture, around centre_mm."
    )
    centre_mm: tuple[Finite, Finite] | None = Field(
        None, description="Of the picture; the middle of the scalp if not given."
    )
    window_mm: tuple[Finite, Finite, Finite, Finite] | None = Field(
        None, description="x0, y0, x1, y1 instead of size_px; all of the scalp if neither is given."
    )
    output: Literal["srgb8", "srgb16", "linear", "absorbance"] = Field(
        "srgb8", description="Kind of pixels."
    )
    format: Literal["png", "tif", "npy"] = Field("png", description="Of the files.")
    exposure: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        None, description="Factor on linear light."
    )
    illuminant: Literal["D65", "D50", "A", "FL2", "FL11", "LED-B3"] | None = Field(
        None, description="What a skin with a table of many bands is seen under."
    )
    day: Finite | None = Field(None, description="Of the picture; everything settled if not given.")
    device: str = Field("cpu", description="What draws it; bits are the same on one kind of it.")


class SplitTable(Table):
    """Which share of the plans is for what; all pictures of a plan are in one part."""

    train: Share = Field(0.8, description="Share of the plans to learn from.")
    validation: Share = Field(0.1, description="Share to choose by.")
    test: Share = Field(0.1, description="Share to judge by.")
    seed: Seed = Field(0, description="Another seed, another split.")


class TruthTable(Table):
    """What is written beside each picture."""

    table: bool = Field(False, description="Every dot, as Parquet.")
    maps: bool = Field(False, description="Dot, depth, session and density by pixel, as NPZ.")
    clean: bool = Field(False, description="The same skin without pigment: before and after.")


class OutputTable(Table):
    """How a set is stored."""

    kind: Literal["files", "webdataset", "zarr"] = Field("files", description="Its form.")
    shard_count: Count = Field(1000, description="Variants in a WebDataset shard.")
    title: str = Field("Simulated scalp micro-pigmentation", description="Of the dataset card.")
    licence: str = Field("not stated", description="Of the set, for the dataset card.")


class SweepTable(Table):
    """A sweep: a plan, and what of it varies."""

    version: Literal[1] = Field(description="Version of this schema.")
    plan: str | None = Field(None, description="File of the plan, beside the sweep's.")
    base: dict[str, Any] | None = Field(None, description="The plan itself, instead.")
    seed: Seed = Field(0, description="Of sampling: same seed, same variants.")
    seeds: Annotated[int, Field(ge=1, le=10**8)] | list[Seed] | Literal["each"] | None = Field(
        None,
        description="Of placement: how many, counted from the plan's; a list; or each variant its "
        "own. The plan's if not given.",
    )
    limit: Count = Field(10_000, description="More variants than this are refused.")
    picture: PictureTable = Field(PictureTable(), description="What is rendered.")
    axes: list[AxisTable] = Field([], description="What varies.")
    sample: SampleTable | None = Field(None, description="How distributions are sampled.")
    split: SplitTable | None = Field(None, description="Parts of the set; one if not given.")
    truth: TruthTable = Field(TruthTable(), description="What is written beside each picture.")
    output: OutputTable = Field(OutputTable(), description="How the set is stored.")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a sweep, as published in sweep.schema.json.

    Its base is any table: what a plan may say is in the plan's own schema.
    """
    schema = SweepTable.model_json_schema()
    schema["properties"]["$schema"] = {"type": "string"}
    schema["title"] = "smpengine sweep"
    return schema
