"""What the checks of a job find, before anything is stored."""

import itertools
import json
import textwrap

import pytest
from pydantic import BaseModel, ConfigDict, Field

from eas_framework.errors import JobFileError
from eas_framework.job_file import check_job, inspect_job, read_job
from eas_framework.plugins import FileSlot, TaskType


class Specs(BaseModel):
    duration: float = 730
    t0: float = 1
    orbital_period: float = Field(365, gt=0)
    semi_major_axis: float = 1
    planet_radius: float = 1


class Synthesis(BaseModel):
    specs: Specs = Specs()


class SearchSettings(BaseModel):
    period_min: float | None = None
    period_max: float | None = None


class Search(BaseModel):
    model_config = ConfigDict(extra="forbid")
    lc_duration: float
    search_settings: SearchSettings = SearchSettings()


class Nothing(BaseModel):
    pass


class Null(BaseModel):
    duration_seconds: float = 0


CURVE = FileSlot(name="lightcurve")
CURVE_IN = (CURVE,)
FOUND = {"period": "d", "outcome": "PASS, FAIL or UNDEFINED"}


def task_type(name, **options):
    return TaskType(name=name, handler=lambda _: None, **options)


TYPES = {
    kind.name: kind
    for kind in [
        task_type("null", parameters=Null, inputs=(), outputs=()),
        task_type("free"),
        task_type("synthesis_batman", parameters=Synthesis, inputs=(), outputs=CURVE_IN),
        task_type("synthesis_psls", parameters=Synthesis, inputs=(), outputs=CURVE_IN),
        task_type(
            "multiply",
            inputs=(FileSlot(name="lightcurve_1"), FileSlot(name="lightcurve_2")),
            outputs=CURVE_IN,
            parameters=Nothing,
        ),
        task_type("verify", inputs=CURVE_IN, outputs=(), parameters=Nothing),
        task_type("transit_search_tls", parameters=Search, inputs=CURVE_IN, outputs=(), metadata=FOUND),
        task_type("transit_search_qats", parameters=Search, inputs=CURVE_IN, outputs=(), metadata=FOUND),
        task_type("ingest_external_lcs", makes_undeclared_outputs=True, inputs=()),
        *[
            task_type(f"execution_{name}", is_control_flow=True)
            for name in ("chain", "conditional", "for_loop", "do_while_loop")
        ],
    ]
}


@pytest.fixture
def inspect(tmp_path):
    def run(text, *, stored=(), overrides=(), name="job.yaml", **options):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text))
        job = read_job(path, overrides=overrides, input_folder=tmp_path)
        return inspect_job(
            job, task_types=TYPES, product_exists=lambda *product: product in stored, **options
        )

    return run


@pytest.fixture
def errors(inspect):
    """The errors of a job, without the folder of the file."""

    def run(text, **options):
        return [message[message.index("job.yaml") :] for message in inspect(text, **options).errors]

    return run


def tasks(*lines):
    return "task_list:\n" + "\n".join(f"  {line}" for line in lines)


# ------------------------------------------------------------- jobs that are right
DEMONSTRATION = """
job_name: "('demo' + '_' + 'grid')"
working_directory: grids/demo
task_list:
  - task: execution_for_loop
    name: detectors
    parameter: tda
    values: [tls, qats]
    task_list:
      - task: execution_for_loop
        parameter: cad
        linear_range: [25, 600, 2]
        task_list:
          - task: execution_for_loop
            parameter: size
            log_range: ["(0.5 * constants.Rearth)", "(4 * constants.Rearth)", 3]
            task_list:
              - task: synthesis_psls
                name: make_psls
                outputs: {lightcurve: "'psls_{tda}_{cad_index}_{size_index}.gz'.format(**metadata)"}
                specs: {duration: "(7 * constants.day)", planet_radius: 0}
              - task: synthesis_batman
                name: make_batman
                outputs: {lightcurve: "'batman_{tda}_{cad_index}_{size_index}.gz'.format(**metadata)"}
                specs:
                  duration: "(7 * constants.day)"
                  planet_radius: "(metadata['size'])"
                  t0: "(random.random() * 200)"
                  semi_major_axis: "(pow(metadata['size']/365.25, 2/3))"
              - task: multiply
                inputs:
                  lightcurve_1: "'psls_{tda}_{cad_index}_{size_index}.gz'.format(**metadata)"
                  lightcurve_2: "'batman_{tda}_{cad_index}_{size_index}.gz'.format(**metadata)"
                outputs: {lightcurve: "'lc_{tda}_{cad_index}_{size_index}.gz'.format(**metadata)"}
              - task: "'transit_search_{tda}'.format(**metadata)"
                name: transit_detection
                inputs: {lightcurve: "'lc_{tda}_{cad_index}_{size_index}.gz'.format(**metadata)"}
                outputs: {debugging: "'dbg_{tda}_{cad_index}_{size_index}.gz'.format(**metadata)"}
                lc_duration: "(7 * constants.day)"
                search_settings: {period_max: 3, duration_min: 1}
              - task: execution_conditional
                requires_metadata_from: [transit_detection]
                criterion: "(requested_metadata['transit_detection']['outcome'] == 'PASS')"
                task_list: [{task: null, name: was_found}]
                else_task_list:
                  - task: execution_do_while_loop
                    iteration_name: my_while_loop
                    requires_metadata_from_child: [look]
                    repeat_criterion: >-
                      (requested_metadata['look']['outcome'] != 'PASS')
                      and (metadata['my_while_loop_index'] < 3)
                    task_list:
                      - task: "('transit_search_' + metadata['tda'])"
                        name: look
                        inputs: {lightcurve: "'lc_{tda}_{cad_index}_{size_index}.gz'.format(**metadata)"}
                        lc_duration: 7
"""


def test_all_features_of_the_demonstration_jobs_are_good(inspect):
    check = inspect(DEMONSTRATION)
    assert check.errors == ()
    assert check.task_types >= {"synthesis_psls", "transit_search_tls", "transit_search_qats", "null"}
    while_loop = 1 + 1 + 1 + 1  # the loop, its chain, the search, the look at the criterion
    in_each_size = 1 + 4 + (1 + 1 + while_loop)  # chain, tasks, the conditional with its longer list
    assert check.task_count == 2 + 2 * (2 + 2 * (2 + 3 * in_each_size))
    assert {"debugging" in warning or "duration_min" in warning for warning in check.warnings} == {True}


def test_outputs_whose_names_are_known_are_listed_with_their_place(inspect):
    check = inspect(DEMONSTRATION)
    made = {(file.directory, file.filename) for file in check.outputs}
    for tda, cadence, size in itertools.product(["tls", "qats"], [0, 1], [0, 1, 2]):
        one_at_a_time = [tda != "tls", cadence != 0, size != 0].count(True) <= 1
        assert (("grids/demo", f"lc_{tda}_{cadence}_{size}.gz") in made) == one_at_a_time
    assert {file.position.line for file in check.outputs if file.filename.startswith("lc_")} == {34}


def test_a_good_job_passes_and_a_wrong_one_raises_all_mistakes(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_text("task_list: [{task: null}]")
    assert check_job(read_job(path), task_types=TYPES).task_count == 2
    path.write_text("task_list: [{task: nul}, {task: null, x: 1}]")
    with pytest.raises(JobFileError) as caught:
        check_job(read_job(path), task_types=TYPES)
    assert len(caught.value.messages) == 2


def test_d31_five_mistakes_give_five_messages_with_places_and_suggestions(errors):
    found = errors("""\
        job_name: five
        task_list:
          - task: synthesis_batmann
            outputs: {lightcurve: a.lc}
          - task: transit_search_tls
            name: search
            inputs: {lightcurve: a.cl}
            lc_durration: 30
          - task: "null"
            requires_metadata_from: [serch]
            duration_seconds: "(1 +)"
        """)
    assert found == [
        "job.yaml:3:11: unknown task type 'synthesis_batmann'; did you mean 'synthesis_batman'?",
        "job.yaml:5:5: transit_search_tls: the parameter 'lc_duration' is missing",
        "job.yaml:7:26: no task makes 'a.cl' in 'five', nor is it in the database;"
        " made in this folder: did you mean 'a.lc'?",
        "job.yaml:8:5: transit_search_tls: unknown parameter 'lc_durration'; did you mean 'lc_duration'?",
        "job.yaml:10:30: no earlier task of this list has the name 'serch'; did you mean 'search'?",
        "job.yaml:11:23: expression '(1 +)', column 5: invalid syntax (what begins with a quote or a ( is an"
        " expression; a plain text needs quotes of its own inside)",
    ]


# ------------------------------------------------------------- one mistake each
NULL_B = "- {task: null, name: b}"
SYNTH = "- {task: synthesis_batman, name: s, outputs: {lightcurve: a.lc}}"
CASES = {
    "unknown_key_of_specs": (
        tasks("- {task: synthesis_batman, outputs: {lightcurve: a.lc}, specs: {orbital_perod: 3}}"),
        "unknown key 'orbital_perod' in specs; did you mean 'orbital_period'?",
    ),
    "wrong_value_of_specs": (
        tasks("- {task: synthesis_batman, outputs: {lightcurve: a.lc}, specs: {orbital_period: -3}}"),
        "job.yaml:2:83: synthesis_batman: specs.orbital_period: should be greater than 0, not -3",
    ),
    "wrong_type_of_value": (
        tasks("- {task: null, duration_seconds: long}"),
        "null: duration_seconds: should be a valid number, unable to parse string as a number, not 'long'",
    ),
    "wrong_value_of_an_expression": (
        tasks("- {task: synthesis_batman, outputs: {lightcurve: a.lc}, specs: {orbital_period: '(1 - 3)'}}"),
        "specs.orbital_period: should be greater than 0, not -2",
    ),
    "missing_input": (tasks("- {task: verify}"), "verify: the input 'lightcurve' is missing in inputs"),
    "unknown_input": (
        tasks(SYNTH, "- {task: verify, inputs: {lightcurve: a.lc, lightcurv: a.lc}}"),
        "verify: unknown input 'lightcurv'; did you mean 'lightcurve'?",
    ),
    "missing_output": (tasks("- {task: synthesis_psls}"), "the output 'lightcurve' is missing in outputs"),
    "key_of_control_flow": (tasks("- {task: null, task_list: []}"), "null: unknown parameter 'task_list'"),
    "unknown_key_of_a_loop": (
        tasks("- {task: execution_for_loop, parameter: x, value: [1], task_list: []}"),
        "execution_for_loop: unknown parameter 'value'; did you mean 'values'?",
    ),
    "no_task": (tasks("- {name: x}"), "job.yaml:2:5: a task needs the key task, its type"),
    "task_is_no_table": (tasks("- null"), "job.yaml:2:5: a task is a table with the key task, not None"),
    "inputs_are_no_table": (tasks("- {task: free, inputs: [a]}"), "inputs must be a table of names and file"),
    "name_is_no_text": (tasks("- {task: null, name: 3}"), "name must be a text, not 3"),
    "output_made_twice": (
        tasks(SYNTH, "- {task: synthesis_psls, outputs: {lightcurve: a.lc}}"),
        "job.yaml:3:50: the file 'a.lc' in 'job' is made twice, first in line 2",
    ),
    "nobody_makes_the_input": (
        tasks("- {task: verify, inputs: {lightcurve: a.lc}}"),
        "job.yaml:2:41: no task makes 'a.lc' in 'job', nor is it in the database; no task of the job makes",
    ),
    "input_in_another_folder": (
        tasks(SYNTH, "- {task: verify, working_directory: w, inputs: {lightcurve: a.lc}}"),
        "no task makes 'a.lc' in 'w'",
    ),
    "sibling_comes_later": (
        tasks("- {task: null, requires_metadata_from: [b]}", "- {task: null, name: b}"),
        "the task 'b' comes later in this list; only earlier ones can be asked",
    ),
    "sibling_is_not_unique": (
        tasks(NULL_B, NULL_B, "- {task: null, requires_metadata_from: [b]}"),
        "2 earlier tasks of this list have the name 'b'",
    ),
    "sibling_of_an_inner_list": (
        tasks(
            "- {task: execution_chain, task_list: [{task: null, name: b}]}",
            "- {task: null, requires_metadata_from: [b]}",
        ),
        "no earlier task of this list has the name 'b'; there are none here",
    ),
    "metadata_not_asked_for": (
        tasks(NULL_B, "- {task: null, duration_seconds: \"(requested_metadata['b']['x'])\"}"),
        "requested_metadata['b']: the task is not in requires_metadata_from; add it there",
    ),
    "unknown_constant": (
        tasks('- {task: null, duration_seconds: "(constants.dy)"}'),
        "there is no constant 'dy'; did you mean 'day'?",
    ),
    "unknown_loop_variable": (
        tasks(
            "- task: execution_for_loop",
            "  parameter: size",
            "  values: [1, 2]",
            "  task_list: [{task: null, duration_seconds: \"(metadata['sise'])\"}]",
        ),
        "there is no loop variable 'sise' here; did you mean 'size'?",
    ),
    "unknown_variable_in_a_criterion": (
        tasks("- {task: execution_conditional, criterion: \"(metadata['x'] > 1)\", task_list: []}"),
        "there is no loop variable 'x' here",
    ),
    "requested_metadata_in_a_file_name": (
        tasks(
            "- {task: null, name: b}",
            "- task: synthesis_psls",
            "  requires_metadata_from: [b]",
            "  outputs: {lightcurve: \"(requested_metadata['b']['x'])\"}",
        ),
        "requested_metadata is known only when the task starts, and this name is needed before",
    ),
    "type_of_one_turn": (
        tasks(
            "- task: execution_for_loop",
            "  parameter: tda",
            "  values: [tls, qatz]",
            "  task_list:",
            "    - task: synthesis_batman",
            "      outputs: {lightcurve: \"'{tda}.lc'.format(**metadata)\"}",
            "    - task: \"'transit_search_{tda}'.format(**metadata)\"",
            "      inputs: {lightcurve: \"'{tda}.lc'.format(**metadata)\"}",
            "      lc_duration: 3",
        ),
        "'transit_search_qatz'; did you mean 'transit_search_qats'? (in the turn tda = 'qatz')",
    ),
    "name_fails_in_one_turn": (
        tasks(
            "- task: execution_for_loop",
            "  parameter: n",
            "  values: [1, 0]",
            "  task_list: [{task: null, name: \"('%d' % (1 / metadata['n']))\"}]",
        ),
        "division by zero (in the turn n = 0)",
    ),
    "file_does_not_name_the_loop_variable": (
        tasks(
            "- task: execution_for_loop",
            "  parameter: n",
            "  values: [1, 2]",
            "  task_list: [{task: synthesis_psls, outputs: {lightcurve: same.lc}}]",
        ),
        "'same.lc' in 'job' is made in another turn too; its name needs the variable (in the turn n = 2)",
    ),
    "loop_without_values": (
        tasks("- {task: execution_for_loop, parameter: x, task_list: []}"),
        "a loop needs exactly one of values, linear_range, log_range, table, files; none of them is given",
    ),
    "log_range_from_zero": (
        tasks("- {task: execution_for_loop, parameter: x, log_range: [0, 1, 3]}"),
        "job.yaml:2:46: log_range: both ends must be above 0",
    ),
    "inner_loop_of_the_same_name": (
        tasks(
            "- task: execution_for_loop",
            "  parameter: x",
            "  values: [1]",
            "  task_list: [{task: execution_for_loop, parameter: x, values: [2]}]",
        ),
        "is used by a loop around this one; choose another",
    ),
    "missing_criterion": (
        tasks("- {task: execution_conditional, task_list: []}"),
        "execution_conditional: the parameter 'criterion' is missing",
    ),
    "child_of_a_while_loop": (
        tasks(
            "- task: execution_do_while_loop",
            "  iteration_name: i",
            "  requires_metadata_from_child: [lok]",
            "  repeat_criterion: '(True)'",
            "  task_list: [{task: null, name: look}]",
        ),
        "no task of the loop's list has the name 'lok'; did you mean 'look'?",
    ),
    "criterion_asks_another_child": (
        tasks(
            "- task: execution_do_while_loop",
            "  iteration_name: i",
            "  repeat_criterion: \"(requested_metadata['look']['x'] > 1)\"",
            "  task_list: [{task: null, name: look}]",
        ),
        "requested_metadata['look']: the task is not in requires_metadata_from_child; add it there",
    ),
    "limit_is_no_number": (
        tasks("- {task: null, max_attempts: 0}"),
        "null: max_attempts: should be greater than or equal to 1, not 0",
    ),
    "unknown_key_of_the_job": (
        "workingdirectory: x\n" + tasks("- {task: null}"),
        "job.yaml:1:1: unknown key 'workingdirectory' of the job; did you mean 'working_directory'?",
    ),
    "unknown_default": (
        "defaults: {max_atempts: 3}\n" + tasks("- {task: null}"),
        "job.yaml:1:12: unknown key 'max_atempts'; did you mean 'max_attempts'?",
    ),
    "seed_is_no_number": ("seed: '(3)'\n" + tasks("- {task: null}"), "job.yaml:1:7: seed: "),
    "no_task_list": ("job_name: x", "job.yaml:1:1: the key 'task_list' is missing"),
    "task_list_is_no_list": ("task_list: {task: null}", "job.yaml:1:12: "),
    "random_job_name": (
        "job_name: \"('%f' % random.random())\"\n" + tasks("- {task: null}"),
        "job_name must be known before the job starts",
    ),
    "table_is_missing": (
        tasks("- {task: execution_for_loop, table: none.csv, task_list: []}"),
        "none.csv: the table cannot be read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_gives_exactly_one_message(errors, case):
    text, expected = CASES[case]
    found = errors(text)
    assert len(found) == 1, found
    assert expected in found[0]


PATHS = ["../a", "a/../../b", "/etc/passwd", "a\\\\b", "a\\0b", "", "x" * 300, "~/a", "a//b", ".", "é" * 200]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_d44_a_path_that_could_leave_the_store_is_refused(errors, path):
    assert len(errors(tasks(f'- {{task: free, outputs: {{x: "{path}"}}}}'))) == 1
    assert len(errors(tasks(f'- {{task: free, inputs: {{x: "{path}"}}}}'))) == 1
    assert len(errors(tasks(f'- {{task: null, working_directory: "{path}"}}'))) == 1
    if path:
        assert len(errors(f'working_directory: "{path}"\n' + tasks("- {task: null}"))) == 1


def test_d1_code_in_a_job_name_is_an_error_and_runs_nothing(errors, tmp_path):
    found = errors(f"job_name: \"(open('{tmp_path}/w', 'w').write('x'))\"\n" + tasks("- {task: null}"))
    assert ".write() is not available" in found[0]
    assert not (tmp_path / "w").exists()


def test_d15_requested_metadata_is_refused_in_every_name_but_not_in_parameters(errors):
    def with_key(key):
        task = {"task": "null", "requires_metadata_from": ["b"], key: "(requested_metadata['b']['x'])"}
        return json.dumps({"task_list": [{"task": "null", "name": "b"}, task]})

    for key in ("task", "name", "job_name", "working_directory"):
        found = errors(with_key(key))
        assert any("known only when the task starts" in message for message in found), key
    assert errors(with_key("duration_seconds")) == []


def test_d16_a_file_name_with_random_numbers_is_told_apart(inspect):
    text = tasks("- {task: synthesis_psls, outputs: {lightcurve: \"'r{}.lc'.format(random.random())\"}}")
    check = inspect(text)
    assert check.errors == ()
    assert "a name with random numbers is not checked" in check.warnings[0]
    assert check.outputs == ()


# ------------------------------------------------------------- warnings
def test_settings_of_another_detector_and_outputs_that_may_not_come_are_warnings(inspect):
    check = inspect(
        tasks(
            SYNTH,
            "- {task: transit_search_tls, inputs: {lightcurve: a.lc}, lc_duration: 3,",
            "   outputs: {debugging: d.gz}, search_settings: {duration_min: 2}}",
        )
    )
    assert check.errors == ()
    assert [warning.rpartition("/")[2] for warning in check.warnings] == [
        "job.yaml:4:16: transit_search_tls: unknown output 'debugging'; there are none here;"
        " it may never be written",
        "job.yaml:4:52: transit_search_tls: unknown key 'duration_min' in search_settings;"
        " did you mean 'period_min'?",
    ]


def test_a_type_that_is_declared_but_not_installed_is_a_warning(inspect):
    check = inspect(tasks("- {task: synthesis_platosim, anything: 1}"), declared_types=["synthesis_platosim"])
    assert check.errors == ()
    assert "is declared, but no package installed here supplies it" in check.warnings[0]


def test_a_misspelt_keyword_of_a_search_result_is_a_warning(inspect):
    text = tasks(
        SYNTH,
        "- {task: transit_search_tls, name: t, inputs: {lightcurve: a.lc}, lc_duration: 3}",
        "- {task: free, requires_metadata_from: [t], x: \"(requested_metadata['t']['perod'])\"}",
        "- {task: free, requires_metadata_from: [t], x: \"(requested_metadata['t']['own_note'])\"}",
    )
    check = inspect(text)
    assert check.errors == ()
    assert len(check.warnings) == 1
    assert "does not say that it records 'perod'; did you mean 'period'?" in check.warnings[0]


def test_a_loop_over_nothing_is_a_warning(inspect):
    check = inspect(
        tasks("- {task: execution_for_loop, parameter: x, values: [], task_list: [{task: null}]}")
    )
    assert check.errors == ()
    assert "the loop has no turns" in check.warnings[0]
    assert check.task_count == 2


def test_a_while_loop_that_would_make_its_file_again_is_a_warning(inspect):
    text = tasks(
        "- task: execution_do_while_loop",
        "  iteration_name: i",
        "  repeat_criterion: \"(metadata['i_index'] < 3)\"",
        "  task_list: [{task: synthesis_psls, outputs: {lightcurve: same.lc}}]",
    )
    check = inspect(text)
    assert check.errors == ()
    assert "'same.lc' in 'job' is made in another turn too" in check.warnings[0]


# ------------------------------------------------------------- inputs
VERIFY = "- {task: verify, inputs: {lightcurve: a.lc}}"


def test_an_input_is_good_when_the_database_has_it(inspect):
    check = inspect(tasks(VERIFY), stored={("job", "a.lc")})
    assert check.errors == ()
    assert [(file.directory, file.filename, file.position.line) for file in check.inputs_from_outside] == [
        ("job", "a.lc", 2)
    ]


def test_an_input_is_good_when_an_earlier_task_registers_files_of_its_choice(errors):
    ingest = "- {task: ingest_external_lcs, name: i}"
    assert errors(tasks(ingest, VERIFY)) == []
    assert len(errors(tasks(VERIFY, ingest))) == 1
    elsewhere = "- {task: ingest_external_lcs, working_directory: w}"
    assert len(errors(tasks(elsewhere, VERIFY))) == 1


def test_an_input_made_inside_a_control_flow_sibling_is_good(errors):
    chain = "- {task: execution_chain, task_list: [{task: synthesis_psls, outputs: {lightcurve: a.lc}}]}"
    branch = chain.replace("execution_chain", "execution_conditional, criterion: '(True)'")
    loop = chain.replace("execution_chain", "execution_for_loop, parameter: x, values: [1, 2]").replace(
        "a.lc", "\"'{x}.lc'.format(**metadata)\""
    )
    assert errors(tasks(chain, VERIFY)) == []
    assert errors(tasks(branch, VERIFY)) == []
    assert errors(tasks(loop, VERIFY.replace("a.lc", "2.lc"))) == []
    assert len(errors(tasks(loop, VERIFY.replace("a.lc", "3.lc")))) == 1


def test_both_branches_of_a_conditional_may_make_the_same_file(errors):
    make = "[{task: synthesis_psls, outputs: {lightcurve: a.lc}}]"
    text = (
        f"- {{task: execution_conditional, criterion: '(True)', task_list: {make}, else_task_list: {make}}}"
    )
    assert errors(tasks(text, VERIFY)) == []


def test_an_input_that_a_turn_of_two_loops_may_make_is_only_a_warning(inspect):
    loops = [
        "- task: execution_for_loop",
        "  parameter: x",
        "  values: [1, 2]",
        "  task_list:",
        "    - task: execution_for_loop",
        "      parameter: y",
        "      values: [1, 2]",
        "      task_list: [{task: free, outputs: {x: \"'{x}{y}.lc'.format(**metadata)\"}}]",
    ]
    check = inspect(tasks(*loops, VERIFY.replace("a.lc", "22.lc")))
    assert check.errors == ()
    assert "another turn of a loop may" in check.warnings[0]


def test_children_inherit_the_folder_and_may_have_their_own(inspect):
    text = tasks(
        "- task: execution_chain",
        "  working_directory: w",
        "  task_list:",
        "    - {task: synthesis_psls, outputs: {lightcurve: a.lc}}",
        "    - {task: synthesis_psls, working_directory: v, outputs: {lightcurve: a.lc}}",
    )
    assert {(file.directory, file.filename) for file in inspect(text).outputs} == {
        ("w", "a.lc"),
        ("v", "a.lc"),
    }


# ------------------------------------------------------------- circles
def test_tasks_that_wait_for_one_another_are_named_by_their_lines(inspect):
    text = tasks(
        "- {task: free, inputs: {x: b.lc}, outputs: {x: a.lc}}",
        "- {task: free, inputs: {x: a.lc}, outputs: {x: b.lc}}",
    )
    (message,) = inspect(text).errors
    assert "these tasks wait for one another and can never start: lines " in message
    assert "2 → 3 → 2" in message or "3 → 2 → 3" in message


def test_a_task_that_needs_its_own_output_can_never_start(inspect):
    assert (
        "can never start" in inspect(tasks("- {task: free, inputs: {x: a.lc}, outputs: {y: a.lc}}")).errors[0]
    )


def test_d14_waiting_for_a_loop_means_waiting_for_all_inside_it(inspect):
    text = tasks(
        "- task: execution_chain",
        "  name: c",
        "  task_list: [{task: free, inputs: {x: late.lc}}]",
        "- {task: free, requires_metadata_from: [c], outputs: {x: late.lc}}",
    )
    assert "can never start" in inspect(text).errors[0]


# ------------------------------------------------------------- tables and many turns
TABLE_JOB = tasks(
    "- task: execution_for_loop",
    "  parameter: target",
    "  table: stars.csv",
    "  task_list:",
    "    - {task: synthesis_psls, outputs: {lightcurve: \"'{name}.lc'.format(**metadata)\"}}",
)


def test_columns_of_a_table_are_loop_variables(inspect, tmp_path):
    (tmp_path / "stars.csv").write_text("name,mag\na,9\nb,10\n")
    check = inspect(TABLE_JOB)
    assert check.errors == ()
    assert [file.filename for file in check.outputs] == ["a.lc", "b.lc"]
    assert check.task_count == 2 + 2 * 2


def test_a_row_that_cannot_be_used_is_named_by_its_line(errors, tmp_path):
    (tmp_path / "stars.csv").write_text("name,mag\na,9\n../b,10\n")
    (message,) = errors(TABLE_JOB)
    assert "leaves the store by '..' (in the turn stars.csv:3)" in message
    (tmp_path / "stars.csv").write_text("name,mag\na,9\na,10\n")
    assert "(in the turn stars.csv:3)" in errors(TABLE_JOB)[0]
    (tmp_path / "stars.csv").write_text("name,mag\na,9\nb\n")
    assert errors(TABLE_JOB)[0].endswith("stars.csv:3: 1 values, but there are 2 columns")


def test_a_row_filter_is_checked_with_the_columns(errors, tmp_path):
    (tmp_path / "stars.csv").write_text("name,mag\na,9\nb,\n")
    where = "table: stars.csv\n    where: "
    assert (
        "stars.csv:3: where: "
        in errors(TABLE_JOB.replace("table: stars.csv", f"{where}\"(metadata['mag'] < 9.5)\""))[0]
    )
    (message,) = errors(TABLE_JOB.replace("table: stars.csv", f'{where}"(mag < 9.5)"'))
    assert "unknown name 'mag'" in message


def test_turns_beyond_the_time_allowed_are_counted_and_told(inspect, tmp_path):
    (tmp_path / "stars.csv").write_text("name\n" + "".join(f"star_{n}\n" for n in range(500)))
    check = inspect(TABLE_JOB, budget_seconds=0.0)
    assert check.errors == ()
    assert "names were checked for 1 of the 500 turns of this loop" in check.warnings[0]
    assert check.task_count == 2 + 500 * 2


def test_a_job_with_too_many_tasks_is_refused(inspect):
    body = "task_list: [{task: null}]"
    text = tasks(
        "- task: execution_for_loop",
        "  parameter: x",
        "  linear_range: [0, 1, 100]",
        f"  task_list: [{{task: execution_for_loop, parameter: y, linear_range: [0, 1, 100], {body}}}]",
    )
    assert inspect(text).task_count == 2 + 100 * (2 + 100 * 2)
    assert "the job has 20,202 tasks; at most 20,000 are allowed" in inspect(text, max_tasks=20_000).errors[0]
    too_many = inspect(text, max_tasks=50).errors
    assert any("the loop has more than 50 turns" in message for message in too_many)


def test_a_limit_of_turns_is_kept_and_checked(inspect):
    loop = (
        "- {task: execution_for_loop, parameter: x, values: [1, 2, 3], limit: 2, task_list: [{task: null}]}"
    )
    assert inspect(tasks(loop)).task_count == 2 + 2 * 2
    (message,) = inspect(tasks(loop.replace("limit: 2", "limit: 0"))).errors
    assert "limit: a whole number from 1 is needed, not 0" in message


@pytest.mark.parametrize(
    ("names", "expected"),
    [("[3]", "the name of a task must be a text, not 3"), ("b", "must be a list of task names, not 'b'")],
)
def test_required_names_must_be_a_list_of_texts(errors, names, expected):
    (message,) = errors(tasks(NULL_B, f"- {{task: null, requires_metadata_from: {names}}}"))
    assert expected in message


def test_required_names_may_be_expressions(errors):
    text = tasks(
        "- task: execution_for_loop",
        "  parameter: n",
        "  values: [1, 2]",
        "  task_list:",
        "    - {task: null, name: \"'a{n}'.format(**metadata)\"}",
        "    - {task: null, requires_metadata_from: [\"'{NAME}'.format(**metadata)\"]}",
    )
    assert errors(text.replace("{NAME}", "a{n}")) == []
    (message,) = errors(text.replace("'{NAME}'.format(**metadata)", "('a1')"))
    assert "no earlier task of this list has the name 'a1'; known: a2 (in the turn n = 2)" in message


def test_values_known_only_at_run_time_are_left_aside(errors):
    text = tasks(
        NULL_B,
        "- task: execution_for_loop",
        "  requires_metadata_from: [b]",
        "  parameter: n",
        "  values: [\"(requested_metadata['b']['x'])\"]",
        "  task_list: [{task: free, name: \"'a{n}'.format(**metadata)\", x: \"(metadata['n'])\"}]",
    )
    assert errors(text) == []


def test_a_mistake_in_an_override_names_the_override(inspect):
    check = inspect(tasks("- {task: null, name: a}"), overrides=["a.duration_seconds=long"])
    assert (
        ": --set a.duration_seconds=long: null: duration_seconds: should be a valid number" in check.errors[0]
    )


def test_json_jobs_are_checked_alike(inspect):
    check = inspect('{"task_list": [{"task": "null",\n "nme": "x"}]}', name="job.json")
    assert check.errors[0].endswith("job.json:2:2: null: unknown parameter 'nme'; did you mean 'name'?")
