"""Uses Redis by redis-py and Celery, as the app user of one service: python3 redis-libraries.py URL PREFIX."""

import sys

import celery
import redis

url, prefix = sys.argv[1:]
r = redis.from_url(url)


def redis_py():
    r.delete(f"{prefix}n", f"{prefix}lock")
    lock = r.lock(f"{prefix}lock", timeout=5)
    assert lock.acquire(blocking_timeout=2) and lock.owned()
    lock.extend(5)
    lock.release()
    add = r.register_script("return redis.call('incrby', KEYS[1], ARGV[1])")
    assert add(keys=[f"{prefix}n"], args=[3]) == 3 and add(keys=[f"{prefix}n"], args=[4]) == 7
    # Another client has the script in its cache: it is loaded again only where it is missing.
    assert add(keys=[f"{prefix}n"], args=[1], client=redis.from_url(url)) == 8
    assert r.info("server")["redis_version"] and r.time()
    messages = r.pubsub()
    messages.psubscribe(f"__keyspace@0__:{prefix}*")
    assert messages.get_message(timeout=2)["type"] == "psubscribe"
    with r.pipeline() as pipe:
        pipe.watch(f"{prefix}n")
        pipe.multi()
        pipe.incr(f"{prefix}n")
        assert pipe.execute() == [9]
    for refused in (lambda: r.get("other:n"), lambda: r.script_flush(), lambda: r.flushall(), lambda: r.keys("*")):
        try:
            refused()
        except redis.exceptions.NoPermissionError:
            continue
        raise AssertionError("a command that crosses prefixes was admitted")


def celery_app():
    options = {"global_keyprefix": prefix}
    app = celery.Celery("mail", broker=url, backend=url)
    app.conf.update(broker_transport_options=options, result_backend_transport_options=options, worker_hijack_root_logger=False,
                    broker_connection_retry_on_startup=False, worker_send_task_events=False,
                    # It subscribes by PSUBSCRIBE, for which Redis compares patterns literally: `mail:*` is not `mail:/0.celery.pidbox`.
                    worker_enable_remote_control=False)

    @app.task(name="mail.add")
    def add(a, b):
        return a + b

    from celery.contrib.testing.worker import start_worker

    # The worker runs in this process, without mingle and gossip.
    with start_worker(app, perform_ping_check=False, pool="solo", loglevel="ERROR"):
        assert add.delay(2, 3).get(timeout=30) == 5
        assert sum(add.delay(n, 1).get(timeout=30) for n in range(20)) == 210


for check in (redis_py, celery_app):
    check()
    print(f"ok: {check.__name__}")
