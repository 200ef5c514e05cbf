import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InvalidTemplate
from tocsin.notify.template import FILTERS, OUTPUT_LIMIT, TEMPLATE_LIMIT, check_template, render
from tocsin.notify.variables import PLACEHOLDERS, Rendered, Variables

VARIABLES = Variables(
    job_id="daily_etl",
    execution_id="run-7",
    error="disk full",
    duration="1 h 30 min",
    threshold=0.05,
    breach_percentage=12.345,
    mean=61,
    direction="slow",
    severity="critical",
    labels=(("team", "data"), ("odd name", "x")),
    evidence=(("records", "12"), ("failed", "3")),
)


def rendered(template: str, variables: Variables = VARIABLES) -> str:
    """Return what a good template says."""
    check_template(template)
    result = render(template, variables, default="the default")
    assert result.problem is None, result.problem
    return result.text


def failed(template: str) -> str:
    """Return why a template gave the default text."""
    result = render(template, VARIABLES, default="the default")
    assert result.text == "the default"
    assert result.problem
    return result.problem


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ job_id }} failed: {{ error }}", "daily_etl failed: disk full"),
        ("Job {job_id} ({execution_id}) failed: {error}", "Job daily_etl (run-7) failed: disk full"),
        (
            "{duration} over {mean}, {breach_percentage} > {threshold} {direction}",
            "1 h 30 min over 61, 12.345 > 0.05 slow",
        ),
        ("{{ breach_percentage | round: 1 }} %", "12.3 %"),
        ("{{ job_id | replace: '_', ' ' | upcase }}", "DAILY ETL"),
        ("{{ labels.team }} {{ labels['odd name'] }} {{ labels.none | default: '-' }}", "data x -"),
        ("{% for e in evidence %}{{ e.name }}={{ e.value }};{% endfor %}", "records=12;failed=3;"),
        ("{% if severity == 'critical' %}!{% else %}?{% endif %}", "!"),
        ("{job_id} and {{ job_id }}", "daily_etl and daily_etl"),
        ("{% raw %}{job_id} {{ job_id }}{% endraw %}", "{job_id} {{ job_id }}"),
        ("{{ '{job_id}' }}", "{job_id}"),
        ('{"json": {"of": "{job_id}"}, {unknown} {0} {} {job_id.x} {job_id!r} {job_id:>9}', None),
    ],
)
def test_templates_say(template: str, text: str | None) -> None:
    assert rendered(template) == (text or template.replace("{job_id}", "daily_etl"))


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_every_plain_placeholder_is_what_liquid_says(name: str) -> None:
    assert rendered(f"{{{name}}}") == rendered(f"{{{{ {name} }}}}") != ""


def test_values_are_never_read_as_templates() -> None:
    variables = Variables(job_id="{error} {{ error }} {% raw %}", error="secret")

    assert (
        rendered("{job_id}|{{ job_id }}", variables)
        == "{error} {{ error }} {% raw %}|{error} {{ error }} {% raw %}"
    )


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ job_id", "line 1, column 1: expected '}}', found end of file"),
        ("fine\n{% if %}", "line 2, column 4: missing expression"),
        ("{% endfor %}", "unexpected tag 'endfor'"),
        ("{{ job_idd }}", "there is no variable 'job_idd' (did you mean 'job_id'?)"),
        ("{{ job_id | upcas }}", "there is no filter 'upcas' (did you mean 'upcase'?)"),
        ("{{ 'now' | date: '%s' }}", "there is no filter 'date'"),
        ("{% include 'other' %}", "unexpected tag 'include'"),
        ("{% render 'other' %}", "unexpected tag 'render'"),
        ("x" * (TEMPLATE_LIMIT + 1), "at most 8192 characters, not 8193"),
    ],
)
def test_a_template_that_could_never_be_rendered_is_found_before_it_is_needed(
    template: str, fault: str
) -> None:
    with pytest.raises(InvalidTemplate) as caught:
        check_template(template)

    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)
    assert fault in failed(template)


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in (1..1000000000) reversed %}x{% endfor %}",
        "{{ (1..1000000000) | join: ',' | size }}",
        "{% if (1..1000000000) contains 7 %}x{% endif %}",
        "{% assign r = (1..mean) %}{{ r }}",
        "{% if true %}{% for e in evidence %}{% assign r = (1..9) %}{% endfor %}{% endif %}",
        "{% liquid\nfor i in (1..9)\necho i\nendfor\n%}",
        "{{ job_id | default: (1..9) }}",
    ],
)
def test_ranges_are_refused_wherever_they_hide(template: str) -> None:
    with pytest.raises(InvalidTemplate, match="ranges"):
        check_template(template)


@pytest.mark.parametrize(
    ("template", "limit"),
    [
        ("{{ error" + " | replace: 'd','dddddddddd'" * 9 + " }}", "replace makes the text too long"),
        (
            "{{ error | replace: '', error" + " | replace: '', error" * 20 + " }}",
            "replace makes the text too long",
        ),
        ("{% assign n = 999999 %}" + "{% assign n = n | times: n %}" * 40, "a number of hundreds of digits"),
        (
            "{% assign l = 'a,"
            + "a," * 600
            + "' | split: ',' %}"
            + "{% for i in l %}" * 2
            + "."
            + "{% endfor %}" * 2,
            "loop",
        ),
        ("{% assign s = 'xxxxxxxx' %}" + "{% assign s = s | append: s %}" * 30, "limit"),
        ("{% assign l = 'a," + "a," * 2000 + "' | split: ',' %}", "a list of more than 1000 items"),
        ("{% assign one = 'x' | split: ',' %}" + "{% for e in one %}" * 21 + "{% endfor %}" * 21, "depth"),
        (
            "{% assign l = 'a,"
            + "a," * 900
            + "' | split: ',' %}{% for i in l %}{{ i | upcase | upcase | upcase }}{% endfor %}",
            "more than 2000 calls of filters",
        ),
    ],
)
def test_what_would_fill_the_memory_or_never_end_gives_the_default(template: str, limit: str) -> None:
    assert limit in failed(template)


def test_the_output_has_a_limit() -> None:
    long = Variables(job_id="x" * 100_000)

    assert render("{job_id}" * 7, long, default="the default").text == "x" * 2000 * 7
    assert render("{job_id}" * 9, long, default="the default").text == "the default"
    assert OUTPUT_LIMIT == 16 * 1024


@pytest.mark.parametrize(
    "template", ["{{ 1 | divided_by: 0 }}", "{{ '1e999999' | ceil }}", "{{ error | plus: 'x' | slice }}"]
)
def test_what_fails_only_when_it_is_rendered_gives_the_default_and_says_why(template: str) -> None:
    check_template(template)

    assert failed(template)


@pytest.mark.parametrize(
    "template", ["", "   \n", "{{ owner }}", "{{ job_id.__class__ }}{{ job_id.__init__.__globals__ }}"]
)
def test_a_template_that_says_nothing_gives_the_default(template: str) -> None:
    assert failed(template) == "the template rendered to nothing"


@given(st.text(max_size=200))
def test_no_template_raises(template: str) -> None:
    assert isinstance(render(template, VARIABLES, default="the default"), Rendered)


@given(
    st.lists(
        st.sampled_from(
            ["{{", "}}", "{%", "%}", "{", "}", "job_id", "|", "for", "in", "if", "endif", "x", " ", *FILTERS]
        )
    )
)
def test_no_heap_of_markup_raises(pieces: list[str]) -> None:
    assert isinstance(render(" ".join(pieces), VARIABLES, default="the default"), Rendered)
