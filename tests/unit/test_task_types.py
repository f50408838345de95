"""The registry of task types: XML that is not trusted, the operator above the package, and plugins."""

from pathlib import Path

import pytest

from eas_framework.errors import NotFoundError, RegistryError, UnknownTaskTypeError
from eas_framework.plugins import Resources, TaskType
from eas_framework.settings import Configuration, use_configuration
from eas_framework.task_types import TaskTypeList, reconcile, task_types_here
from eas_framework.task_types.registry_file import PACKAGED_REGISTRY

BASE_TASKS = {
    "binning",
    "error",
    "execution_chain",
    "execution_conditional",
    "execution_do_while_loop",
    "execution_for_loop",
    "ingest_external_lcs",
    "multiply",
    "null",
    "read_lightcurve",
    "verify",
}


def container(name, cpu="1", gpu="<gpu>0</gpu>", memory="8"):
    needs = f"<cpu>{cpu}</cpu>{gpu}<memory_gb>{memory}</memory_gb>"
    return f"<container><name>{name}</name><resourceRequirements>{needs}</resourceRequirements></container>\n"


def task(name, *containers):
    places = "".join(f"<container>{place}</container>" for place in containers)
    return f"<task><name>{name}</name>{places}</task>\n"


def registry(*items, prefix=""):
    containers = "".join(item for item in items if item.startswith("<container>"))
    tasks = "".join(item for item in items if item.startswith("<task>"))
    body = f"<containers>\n{containers}</containers>\n<tasks>\n{tasks}</tasks>\n"
    return f"{prefix}<task_type_registry>\n{body}</task_type_registry>\n"


@pytest.fixture
def read(tmp_path):
    def from_text(text):
        path = tmp_path / "registry.xml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return TaskTypeList.read_from_xml(path)

    return from_text


@pytest.fixture
def operator(bare_machine, tmp_path):
    """Let the operator's file say this."""

    def declare(text):
        path = tmp_path / "operator.xml"
        path.write_text(text)
        use_configuration(Configuration(workspace=bare_machine, task_type_registry=path))

    return declare


# ---------------------------------------------------------------- the packaged registry
def test_the_packaged_registry_declares_the_containers_of_the_documentation(bare_machine):
    types = TaskTypeList.read_from_xml()
    # cpu, gpu, memory in GB as the prototype's registry requests them
    expected = {
        "eas_base": (1, 0, 8),
        "eas_worker_bls_kovacs": (1, 0, 8),
        "eas_worker_bls_reference": (1, 0, 8),
        "eas_worker_dst_v26": (1, 0, 8),
        "eas_worker_dst_v29": (1, 0, 8),
        "eas_worker_exotrans": (1, 0, 8),
        "eas_worker_qats": (2, 0, 16),
        "eas_worker_synthesis_platosim": (1, 0, 8),
        "eas_worker_synthesis_psls_batman": (1, 0, 16),
        "eas_worker_tls": (20, 0, 16),
    }
    found = {name: tuple(types.worker_containers[name].values()) for name in expected}
    assert found == expected
    assert all(
        isinstance(figure, float) for size in types.worker_containers.values() for figure in size.values()
    )
    assert types.worker_container_names() == sorted(types.worker_containers)


def test_the_packaged_registry_declares_the_documented_task_types(bare_machine):
    types = TaskTypeList.read_from_xml()
    searches = {"bls_kovacs", "bls_reference", "dst_v26", "dst_v29", "exotrans", "qats", "tls"}
    others = {
        "synthesis_batman",
        "synthesis_psls",
        "synthesis_platosim",
        "synthesis_transit",
        "detrend_wotan",
    }
    declared = BASE_TASKS | others | {f"transit_search_{name}" for name in searches}
    assert declared <= set(types.task_type_names())
    assert types.containers_for_task("transit_search_tls") == {"eas_worker_tls"}


def test_d29_all_is_every_container_from_both_sides(bare_machine):
    types = TaskTypeList.read_from_xml()
    assert types.tasks_for_container("eas_base") == BASE_TASKS
    assert types.tasks_for_container("eas_worker_tls") == BASE_TASKS | {"transit_search_tls"}
    assert types.containers_for_task("null") == set(types.worker_containers)
    for name in types.task_type_names():
        for place in types.containers_for_task(name):
            assert name in types.container_capabilities[place]
            assert place in types.task_list[name]


# ---------------------------------------------------------------- reading
def test_d29_one_container_and_one_task_are_enough(read):
    types = read(registry(container("only"), task("null", "only")))
    assert types.task_list == {"null": {"only"}}
    assert types.container_capabilities == {"only": {"null"}}


def test_d29_resources_are_numbers(read):
    types = read(registry(container("half", cpu="0.5", gpu="", memory=" 2.25 ")))
    assert types.worker_containers == {"half": {"cpu": 0.5, "gpu": 0.0, "memory_gb": 2.25}}


@pytest.mark.parametrize(
    "text",
    ["<task_type_registry/>", "<?xml version='1.0'?><task_type_registry><tasks/></task_type_registry>"],
)
def test_a_registry_may_be_empty(read, text):
    assert read(text).task_type_names() == []


def test_comments_and_processing_instructions_are_passed_over(read):
    item = "<task><!-- why --><?tool x?><name>null<!-- in it --></name><container>a</container></task>"
    assert read(registry(container("a"), item)).task_list == {"null": {"a"}}


@pytest.mark.parametrize(
    ("item", "line", "message"),
    [
        (container("a", cpu="many"), 3, "'many' is not a valid value"),
        (container("a", cpu="0"), 3, "cpu"),
        (container("a", cpu="-1"), 3, "cpu"),
        (container("a", cpu="INF"), 3, "cpu"),
        (container("a", gpu="<gpu>-1</gpu>"), 3, "gpu"),
        (container("a", memory=""), 3, "memory_gb"),
        (container("a", gpu="<tpu>1</tpu>"), 3, "tpu"),
        (container("a b"), 3, "name"),
        (container("a") + container("a"), 4, "Duplicate"),
        ("<container><name>a</name></container>", 3, "resourceRequirements"),
        (task("null"), 6, "container"),
        (task("not a name", "all"), 6, "not a name"),
        (task("x" * 65, "all"), 6, "name"),
        (task("null", "all") + task("null", "all"), 7, "Duplicate"),
        ("<task name='null'/>", 6, "name"),
    ],
)
def test_what_the_schema_refuses_is_told_with_file_and_line(read, tmp_path, item, line, message):
    if item.startswith("<task"):
        text = registry().replace("<tasks>\n", f"\n<tasks>\n{item}")
    else:
        text = registry(item)
    with pytest.raises(RegistryError) as caught:
        read(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'registry.xml'}:{line}: ")


def test_several_mistakes_are_told_at_once(read):
    with pytest.raises(RegistryError) as caught:
        read(registry(container("a", cpu="x"), container("b", memory="y")))
    assert len({line.split(":")[1] for line in str(caught.value).splitlines()}) == 2


def test_a_task_in_an_undeclared_container_is_an_assertion_error_too(read, tmp_path):
    with pytest.raises(AssertionError) as caught:
        read(registry(container("eas_base"), task("null", "eas_bsae")))
    assert str(caught.value) == (
        f"{tmp_path / 'registry.xml'}:6: task null names the container 'eas_bsae'; declared are: eas_base"
    )


def test_no_container_may_be_called_all(read):
    with pytest.raises(RegistryError, match="no container may be named 'all'"):
        read(registry(container("all")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: not XML"),
        ("<task_type_registry>\n<tasks></task_type_registry>", ":2: not XML"),
        ("<registry/>", ":1: "),
        (b"<task_type_registry>\xff</task_type_registry>", "not UTF-8 text"),
        ("<task_type_registry/>".encode("utf-16"), "not UTF-8 text"),
        ("<?xml version='1.0'?><task_type_registry/>".encode("utf-16-le"), "not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_registry_is_refused(read, text, message):
    with pytest.raises(RegistryError, match=message):
        read(text)


def test_a_missing_file_is_refused_by_name():
    with pytest.raises(RegistryError, match=r"/nowhere/registry\.xml: cannot be read"):
        TaskTypeList.read_from_xml("/nowhere/registry.xml")


# ---------------------------------------------------------------- security
CONTENT = "the text of another file"


def _laughs():
    entities = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(9))
    return f"<!DOCTYPE task_type_registry [{entities}]>", "&l9;"


@pytest.fixture
def attack(read, tmp_path):
    """Read a registry in which a container's name is the given text; return what is said against it."""
    (tmp_path / "secret").write_text(CONTENT)

    def run(prefix, name):
        with pytest.raises(RegistryError) as caught:
            read(registry(container(name), prefix=prefix))
        assert CONTENT not in str(caught.value)
        return str(caught.value)

    return run


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>", "&x;"),
        ("<!DOCTYPE r SYSTEM 'http://127.0.0.1:9/r.dtd'>", "a"),
        ("<!DOCTYPE r [<!ENTITY % x SYSTEM 'file:///etc/hostname'> %x;]>", "a"),
        ("<!DOCTYPE r [<!ENTITY x 'plain'>]>", "&x;"),
        ("<!DOCTYPE r>", "a"),
        ("<!-- -->\n<!DOCTYPE r>", "a"),
        _laughs(),
    ],
)
def test_a_doctype_is_refused_whatever_it_declares(attack, prefix, name):
    assert "a DOCTYPE is not allowed" in attack(prefix, name)


def test_an_entity_that_nobody_declared_is_refused(attack):
    assert "not XML" in attack("", "&x;")


def test_a_file_is_not_included(attack, tmp_path):
    include = "http://www.w3.org/2001/XInclude"
    assert "include" in attack(
        "", f"<i:include xmlns:i='{include}' href='{tmp_path / 'secret'}' parse='text'/>"
    )


def test_a_stylesheet_or_schema_named_by_the_file_is_not_fetched(read, tmp_path):
    where = tmp_path / "other.xsd"
    where.write_text("<not a schema")
    instance = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
    text = f"<task_type_registry {instance} xsi:noNamespaceSchemaLocation='{where}'/>"
    assert read(f"<?xml-stylesheet href='{where}'?>{text}").task_type_names() == []


def test_a_huge_file_is_refused(read):
    with pytest.raises(RegistryError, match="larger than 1000000 bytes"):
        read(registry(prefix=f"<!--{' ' * 10_000_000}-->"))


def test_deep_nesting_is_refused(read):
    with pytest.raises(RegistryError):
        read("<a>" * 5000 + "</a>" * 5000)


def test_no_other_module_of_the_core_parses_xml():
    package = PACKAGED_REGISTRY.parent.parent
    users = {
        path.name
        for path in package.rglob("*.py")
        if "lxml" in path.read_text() or "xml.etree" in path.read_text()
    }
    assert users <= {"registry_file.py", "health.py", "heat_map.py"}  # one asks for the version, one writes


# ---------------------------------------------------------------- the operator's file
def test_the_operator_wins_task_by_task_and_container_by_container(operator):
    operator(registry(container("eas_base", cpu="4"), container("mine"), task("transit_search_tls", "mine")))
    types = TaskTypeList.read_from_xml()
    assert types.worker_containers["eas_base"]["cpu"] == 4.0
    assert types.worker_containers["eas_worker_qats"]["cpu"] == 2.0
    assert types.containers_for_task("transit_search_tls") == {"mine"}
    assert "mine" in types.containers_for_task("null")
    assert types.tasks_for_container("eas_worker_tls") == BASE_TASKS


def test_the_operator_may_name_containers_of_the_packaged_registry(operator):
    operator(registry(task("null", "eas_worker_qats")))
    assert TaskTypeList.read_from_xml().containers_for_task("null") == {"eas_worker_qats"}


def test_an_explicit_file_is_read_alone(operator, read):
    operator(registry(container("mine")))
    assert read(registry(container("other"))).worker_container_names() == ["other"]


def test_a_mistake_in_the_operators_file_names_that_file(operator, tmp_path):
    operator(registry(task("null", "nowhere")))
    with pytest.raises(RegistryError, match=rf"{tmp_path / 'operator.xml'}:5: task null names the container"):
        TaskTypeList.read_from_xml()


# ---------------------------------------------------------------- questions
def test_unknown_names_are_answered_with_the_nearest(bare_machine):
    types = TaskTypeList.read_from_xml()
    with pytest.raises(UnknownTaskTypeError, match="unknown task type 'multipy'; did you mean 'multiply'"):
        types.containers_for_task("multipy")
    with pytest.raises(NotFoundError, match="no worker container 'eas_bas'; did you mean 'eas_base'"):
        types.tasks_for_container("eas_bas")


def test_an_unknown_search_says_which_package_has_such_types():
    with pytest.raises(UnknownTaskTypeError, match="install the package eas-tasks-tda"):
        TaskTypeList().require_known("transit_search_tls")


def test_d61_a_declared_search_that_was_never_public_says_how_to_plug_it_in(bare_machine):
    types = TaskTypeList.read_from_xml()
    for name in ("transit_search_dst_v26", "transit_search_dst_v29", "transit_search_exotrans"):
        with pytest.raises(UnknownTaskTypeError, match=f"never published.*{name}.*in a plugin of its own"):
            types.require_runnable(name)


def test_answers_are_copies(bare_machine):
    types = TaskTypeList.read_from_xml()
    types.containers_for_task("null").clear()
    types.tasks_for_container("eas_base").clear()
    assert types.containers_for_task("null")
    assert types.tasks_for_container("eas_base")


# ---------------------------------------------------------------- registry and plugins
def plugin_type(name, **more):
    return TaskType(name=name, handler=print, **more)


@pytest.fixture
def declared(read):
    return read(
        registry(container("eas_base"), container("big", cpu="8"), task("null", "all"), task("known", "big"))
    )


def test_declared_and_installed_runs_here_where_the_registry_says(declared):
    types = reconcile(
        declared, {"known": plugin_type("known", container="elsewhere", resources=Resources(cpu=3))}
    )
    assert types.runnable_here() == ["known"]
    assert types.containers_for_task("known") == {"big"}
    assert types.resources("known") == Resources(cpu=8, gpu=0, memory_gb=8)
    assert "elsewhere" not in types.worker_containers
    types.require_runnable("known")


def test_declared_only_is_known_but_does_not_run_here(declared):
    types = reconcile(declared, {})
    assert types.runnable_here() == []
    types.require_known("known")
    with pytest.raises(UnknownTaskTypeError, match="'known' is declared but no installed plugin can run it"):
        types.require_runnable("known")


def test_installed_only_is_adopted_with_the_plugins_own_container_and_needs(declared):
    own = plugin_type("fresh", container="fresh_box", resources=Resources(cpu=2, memory_gb=1))
    types = reconcile(declared, {"fresh": own})
    assert types.containers_for_task("fresh") == {"fresh_box"}
    assert types.tasks_for_container("fresh_box") == {"fresh", "null"}
    assert types.resources("fresh") == Resources(cpu=2, memory_gb=1)
    assert list(types.adopted) == ["fresh"]
    assert types.runnable_here() == ["fresh"]


def test_a_plugin_does_not_change_a_declared_container(declared):
    own = plugin_type("fresh", container="big", resources=Resources(cpu=1))
    types = reconcile(declared, {"fresh": own})
    assert types.worker_containers["big"]["cpu"] == 8.0
    assert types.resources("fresh").cpu == 1


def test_an_adopted_type_is_an_error_where_that_is_asked_for(declared):
    with pytest.raises(RegistryError, match="no registry declares the installed task types fresh"):
        reconcile(declared, {"fresh": plugin_type("fresh")}, strict=True)
    reconcile(declared, {"known": plugin_type("known")}, strict=True)


def test_neither_declared_nor_installed_is_unknown(declared):
    with pytest.raises(UnknownTaskTypeError, match="unknown task type 'nothing_like_it'"):
        reconcile(declared, {"known": plugin_type("known")}).resources("nothing_like_it")


def test_reconciling_changes_neither_side(declared):
    before = repr(declared)
    reconcile(declared, {"fresh": plugin_type("fresh")})
    assert repr(declared) == before


def test_a_type_of_every_container_needs_what_the_base_container_has(declared):
    assert declared.resources("null") == Resources(cpu=1, gpu=0, memory_gb=8)


def test_a_type_of_several_containers_needs_what_the_smallest_has(read):
    types = read(registry(container("a", cpu="4"), container("b", cpu="2"), task("t", "a", "b")))
    assert types.resources("t").cpu == 2.0


def test_the_operator_routes_a_third_partys_type_to_one_container(operator):
    operator(registry(container("gpu_box", gpu="<gpu>1</gpu>"), task("flux_statistics", "gpu_box")))
    types = reconcile(TaskTypeList.read_from_xml(), {"flux_statistics": plugin_type("flux_statistics")})
    assert types.containers_for_task("flux_statistics") == {"gpu_box"}
    assert [
        name for name in types.worker_containers if "flux_statistics" in types.tasks_for_container(name)
    ] == ["gpu_box"]


def test_the_types_of_the_process_are_those_of_its_files_and_plugins(operator):
    operator(registry(task("null", "eas_base")))
    types = task_types_here()
    assert types.containers_for_task("null") == {"eas_base"}
    assert set(types.runnable_here()) <= set(types.task_type_names())


def test_registry_and_schema_lie_beside_the_code():
    assert PACKAGED_REGISTRY.is_file()
    assert Path(PACKAGED_REGISTRY).with_suffix(".xsd").is_file()
