# The framework with the plugins for a cluster; see docs/how-to/from-laptop-to-cluster.md.
FROM python:3.11-slim
COPY . /source
RUN pip install --no-cache-dir /source /source/plugins/eas_sqlite /source/plugins/eas_mysql \
    /source/plugins/eas_rabbitmq /source/plugins/eas_astropy /source/plugins/eas_tasks_tda
WORKDIR /work
