import pytest

from eas_framework.constants import EASConstants
from eas_framework.errors import ExpressionError
from eas_framework.task_expression_evaluation import TaskExpressionEvaluation, is_expression
from eas_framework.task_objects import MetadataItem

METADATA = {
    "size": 0.5,
    "size_index": 0,
    "period": 10.0,
    "tda_name": "tls",
    "my_while_loop_index": 2,
    "is_deep": True,
    "nothing": None,
    "table_row": {"mag": 9.5},
    "period_item": MetadataItem("period_item", 3, 1.0),
}
REQUESTED = {"transit_detection": {"outcome": MetadataItem("outcome", "PASS"), "sde": 12.5}}


@pytest.fixture
def evaluation():
    return TaskExpressionEvaluation(METADATA, REQUESTED, seed=7)


# The kinds of expression that the demonstration jobs of the prototype use, with values worked out by hand.
CORPUS = [
    ("'tls_{size_index}'.format(**metadata)", "tls_0"),
    ("'lc_{size_index}_{tda_name}.gz'.format(**metadata)", "lc_0_tls.gz"),
    ("'transit_search_{tda_name}'.format(**metadata)", "transit_search_tls"),
    ("\"{}_{:.1f}\".format(metadata['tda_name'], metadata['size'])", "tls_0.5"),
    ("(metadata['size'] * constants.Rearth)", 0.5 * 0.08911486),
    ("(7 * constants.day)", 7.0),
    ("(2 * constants.month)", 56.0),
    ("(metadata['period'])", 10.0),
    ("(1 / metadata['period'])", 0.1),
    ("(metadata['size'] - 0.25)", 0.25),
    ("(constants.sun_radius / constants.jupiter_radius)", 695500e3 / 71492e3),
    ("(pow(metadata['period']/365.25, 2/3))", (10 / 365.25) ** (2 / 3)),
    ("(requested_metadata['transit_detection']['outcome'] == 'PASS')", True),
    ("(requested_metadata['transit_detection']['sde'] < 7) and (metadata['my_while_loop_index'] < 3)", False),
    ("(requested_metadata['transit_detection']['sde'] > 7) and (metadata['my_while_loop_index'] < 3)", True),
    ("('%.3f' % pi)", "3.142"),
    ("('%s_%03d' % (metadata['tda_name'], metadata['size_index']))", "tls_000"),
    ("('%(tda_name)s_%(size_index)d' % metadata)", "tls_0"),
    ("(metadata.get('missing', 4))", 4),
    ("(metadata['table_row']['mag'] < 10 and metadata['nothing'] is None)", True),
    ("(metadata['period_item'] + 1)", 4),
    ("('size' in metadata and 'depth' not in metadata)", True),
    ("(max(1, 2, len('abc')) if metadata['is_deep'] else 0)", 3),
    ("(int('42') + round(2.6) + abs(-1) + min([4, 5]))", 50),
    ("(str(metadata['size_index']) + '_' * 2)", "0__"),
    ("([1, 2] + [3] * 2)", [1, 2, 3, 3]),
    ("(e > 2.71) and not (7 // 2 != 3) and 7 % 4 == 3", True),
    ("(bool(0) or float('1e5'))", 1e5),
]


@pytest.mark.parametrize(("expression", "expected"), CORPUS, ids=[text for text, _ in CORPUS])
def test_the_expressions_of_the_demonstration_jobs_have_their_values(evaluation, expression, expected):
    value = evaluation.evaluate_expression(expression=expression)
    assert value == pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else value == expected
    assert type(value) is type(expected)


# Each of these did, or could do, harm when expressions were handed to Python's own eval.
ATTACKS = [
    "().__class__.__bases__[0].__subclasses__()",
    "(__import__('os').system('id'))",
    "(open('/etc/passwd').read())",
    "('{0.__class__.__init__.__globals__}'.format(constants))",
    "('{c.__class__}'.format(c=metadata['size']))",
    "('{m[a]}'.format(m=metadata))",
    "('{0}'.format(metadata))",
    "('%s' % [metadata])",
    "('%s' % metadata)",
    "(9**9**9)",
    "(pow(9, 9**9))",
    "(pow(2, -1, 5))",
    "('a'*10**10)",
    "(10**10*'a')",
    "([0]*10**9)",
    "([[[0]*1000]*1000]*1000)",
    "([x for x in ()])",
    "(metadata.update({'a':1}))",
    "('%999999999d' % 1)",
    "('%.999999999d' % 1)",
    "('%*d' % (999999999,1))",
    "('{:>999999999}'.format(1))",
    "('{:.999999999f}'.format(1))",
    "('{:{w}}'.format(1,w=99999999))",
    "('{:c}'.format(55296))",
    "(lambda:1)()",
    "(10**1000000)",
    "(1<<10**8)",
    "(round(1, -10**9))",
    "(" * 300 + "1" + ")" * 300,
    "(" + "-" * 3000 + "1)",
    "(" + "1+" * 900 + "1)",
    "(" + "1" * 5000 + ")",
    "('" + "a" * 5000 + "')",
    "(f'{metadata}')",
    "(x:=1)",
    "(constants.__class__)",
    "(constants.__dict__)",
    "(random.__class__)",
    "(random.seed(1))",
    "(str(metadata))",
    "(int('9'*4000))",
    "(max(metadata))",
    "(metadata)",
    "(requested_metadata)",
    "(\x00)",
    "('\\ud800')",
    "(1j)",
    "(b'a')",
    "(...)",
    "({'a': 1})",
    "({1, 2})",
    "((-8) ** (1/3))",
    "('{:n}'.format(3))",
    "(metadata['size'].__class__)",
    "(metadata.get.__self__)",
    "(getattr(metadata, 'size'))",
    "(eval('1'))",
    "(1 is 1.0)",
    "('abc'[0:1])",
    "(yield 1)",
    "(await 1)",
    "(print)",
    "('{x}'.format(**metadata, **metadata))",
]


@pytest.mark.parametrize(
    "expression", ATTACKS, ids=[text[:40].encode("unicode_escape").decode() for text in ATTACKS]
)
def test_d1_what_could_harm_is_refused_with_an_expression_error(evaluation, expression):
    with pytest.raises(ExpressionError, match="expression"):
        evaluation.evaluate_expression(expression)


def test_d1_a_text_that_merely_begins_with_a_bracket_gets_an_error_that_tells_how_to_quote_it(evaluation):
    with pytest.raises(
        ExpressionError, match=r"'\(note\) see', column 8: invalid syntax .*quotes of its own"
    ):
        evaluation.evaluate_expression("(note) see")
    assert evaluation.evaluate_expression("'(note) see'") == "(note) see"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("(1 + metadata['siz'])", r"column 6: no entry 'siz'; did you mean 'size'\?"),
        ("  (1 / 0)", r"column 4: division by zero"),
        ("(10.0 ** 400)", r"column 2: the result is too large"),
        ("(sise)", r"column 2: unknown name 'sise'"),
        ("(constants.Rearht)", r"column 2: there is no constant 'Rearht'; did you mean 'Rearth'\?"),
        ("(1 +\n 'é' + sqrt(2))", r"line 2, column 8: the function 'sqrt' is not available"),
        ("([x for x in metadata])", r"a comprehension is not available"),
        ("('a' + 1)", r"\+ cannot join a text and a number; str\(…\)"),
        ("(metadata['nothing'] < 3)", r"column 2: .*NoneType"),
    ],
)
def test_an_error_names_the_expression_the_column_and_the_reason(evaluation, expression, message):
    with pytest.raises(ExpressionError, match=message):
        evaluation.evaluate_expression(expression)


def test_d17_pi_and_e_are_names_and_comprehensions_are_refused_by_name(evaluation):
    assert evaluation.evaluate_expression("('%.3f' % pi)") == "3.142"
    with pytest.raises(ExpressionError, match="comprehension"):
        evaluation.evaluate_expression("(sum(metadata[k] for k in ['size']))")


def test_d18_whole_numbers_and_truth_values_keep_their_type_in_names(evaluation):
    assert evaluation.evaluate_expression("'{size_index}_{is_deep}'.format(**metadata)") == "0_True"


def test_d16_the_value_of_an_expression_is_not_evaluated_again(evaluation):
    inner = "'(1 + 1)'"
    assert evaluation.evaluate_expression(inner) == "(1 + 1)"
    assert evaluation.evaluate_in_structure({"a": [inner]}) == {"a": ["(1 + 1)"]}


def test_the_same_seed_gives_the_same_random_numbers_and_another_seed_others():
    def draw(seed):
        evaluation = TaskExpressionEvaluation({}, {}, seed=seed)
        return [
            evaluation.evaluate_expression(f"(random.{call})")
            for call in ("random()", "uniform(1, 2)", "gauss(0, 1)")
        ]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    assert len(set(draw(1))) == 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  plain text ", "plain text"),
        (3, 3),
        (None, None),
        (True, True),
        ("1e5", "1e5"),
        ("[1]", "[1]"),
        ("", ""),
    ],
)
def test_a_literal_stays_what_it_is(evaluation, value, expected):
    assert evaluation.evaluate_expression(value) == expected
    assert not is_expression(value)


def test_control_flow_keys_stay_raw_at_any_depth_keys_are_evaluated_and_tuples_become_lists(evaluation):
    structure = {
        "task_list": ["(1 + 1)"],
        "inner": [{"else_task_list": "(1)", "repeat_criterion": "(x)"}],
        "('k' + 'ey')": "((1, (2, 3)))",
        "pair": ("(1)", 2),
    }
    assert evaluation.evaluate_in_structure(structure) == {
        "task_list": ["(1 + 1)"],
        "inner": [{"else_task_list": "(1)", "repeat_criterion": "(x)"}],
        "key": [1, [2, 3]],
        "pair": [1, 2],
    }


def test_an_error_in_a_structure_names_the_place_in_it(evaluation):
    with pytest.raises(ExpressionError, match=r"specs\.t0\[1\]: expression '\(1/0\)', column 2"):
        evaluation.evaluate_in_structure({"specs": {"t0": [1, "(1/0)"]}})


def test_keys_that_are_no_text_or_meet_are_refused(evaluation):
    with pytest.raises(ExpressionError, match="a key must be a text"):
        evaluation.evaluate_in_structure({"(1)": 2})
    with pytest.raises(ExpressionError, match="'a' is there already"):
        evaluation.evaluate_in_structure({"a": 1, "'a'": 2})


def test_tables_of_a_value_are_copied_so_that_metadata_cannot_be_changed_through_it(evaluation):
    row = evaluation.evaluate_in_structure({"row": "(metadata['table_row'])"})["row"]
    row["mag"] = 0
    assert evaluation.evaluate_expression("(metadata['table_row']['mag'])") == 9.5


def test_the_constants_have_their_documented_values():
    constants = EASConstants()
    assert (constants.day, constants.month, constants.year) == (1, 28, 365.25)
    assert (constants.sun_radius, constants.earth_radius, constants.jupiter_radius) == (
        695500e3,
        6371e3,
        71492e3,
    )
    assert (constants.phy_AU, constants.Rearth, constants.plato_noise) == (149597870700, 0.08911486, 0.000315)
