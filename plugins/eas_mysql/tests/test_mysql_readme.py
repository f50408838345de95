"""What the README tells an administrator to grant is enough for a job, and nothing else is needed."""

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pymysql
import pytest
from eas_mysql.administration import TESTED_ON

pytestmark = pytest.mark.service
README = Path(__file__).parents[1] / "README.md"
PROGRAM = Path(sys.executable).with_name("eas")
MARKER = "marker-e2d8-password"
JOB = {
    "job_name": "granted",
    "task_list": [
        {
            "task": "execution_for_loop",
            "parameter": "i",
            "values": [1, 2, 3],
            "task_list": [{"task": "null", "name": "'turn_{i}'.format(**metadata)"}],
        }
    ],
}


def statements(database, user):
    """The statements of the README's first block of SQL, for a database and a user of this test."""
    text = README.read_text(encoding="utf-8")
    block = re.search(r"^```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL).group(1)
    own = block.replace("'eas'", f"'{user}'").replace("'…'", f"'{MARKER}'")
    own = own.replace("DATABASE eas ", f"DATABASE {database} ").replace("ON eas.*", f"ON {database}.*")
    return [statement for statement in own.split(";") if statement.strip()]


@pytest.fixture
def granted(mysql_address, mysql_database):
    """Settings of a user who has the README's grants on the README's database and no others."""
    user = f"eas_user_{secrets.token_hex(6)}"
    login = {"host": mysql_address.host, "port": mysql_address.port}
    admin = pymysql.connect(user=mysql_address.user, password=mysql_address.password, **login)
    with admin, admin.cursor() as cursor:
        for statement in statements(mysql_database, user):
            cursor.execute(statement)
        yield {
            "EAS_DB_ENGINE": "mysql",
            "EAS_DB_HOST": mysql_address.host,
            "EAS_DB_PORT": str(mysql_address.port),
            "EAS_DB_USER": user,
            "EAS_DB_PASSWORD": MARKER,
            "EAS_DB_DATABASE": mysql_database,
        }
        cursor.execute(f"DROP USER '{user}'@'%'")


@pytest.fixture
def eas(granted, tmp_path):
    """Runs a command of that user; its standard output."""
    (tmp_path / "job.json").write_text(json.dumps(JOB))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EAS_")}
    environment = {**clean, **granted, "XDG_CONFIG_HOME": str(tmp_path / "none"), "EAS_LEASE_SECONDS": "60"}

    def run(*words):
        done = subprocess.run(
            [PROGRAM, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_job_runs_with_the_grants_of_the_readme_and_no_others(eas, tmp_path):
    eas("run", "job.json")
    (job,) = json.loads(eas("status", "--format", "json"))
    assert (job["state"], job["passed"]) == ("passed", job["total"])
    eas("db", "dump", "all.gz")
    eas("db", "restore", "all.gz", "--yes")
    eas("db", "prune", "--yes")
    eas("run", "job.json", "--force")
    assert json.loads(eas("status", "--format", "json"))[0]["state"] == "passed"


def test_doctor_and_readme_say_on_which_servers_the_tests_ran(eas):
    eas("run", "job.json")
    rows = json.loads(eas("doctor", "--format", "json"))
    (database,) = [row for row in rows if row["check"] == "database"]
    assert database["detail"].endswith(TESTED_ON)
    assert TESTED_ON.lower() in " ".join(README.read_text(encoding="utf-8").lower().split())
