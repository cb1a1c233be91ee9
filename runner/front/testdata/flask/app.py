"""An app as its author would write it: nothing in it knows where it lives."""

import hashlib
import os
import time

from flask import Flask, Response, redirect, request, session, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.secret_key = "no secret, this is a test"
# What Flask's manual says for an app behind a proxy; x_prefix is the mount.
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)


@app.get("/")
def index():
    return f"""<link rel=stylesheet href="{url_for('static', filename='style.css')}">
<a href="{url_for('hello', name='한')}">hello</a>
{request.url} for {request.remote_addr} {session.get('visits', 0)}"""


@app.get("/hello/<name>")
def hello(name):
    return f"hello {name}"


@app.get("/old")
def old():
    session["visits"] = session.get("visits", 0) + 1
    return redirect(url_for("index"))


@app.post("/form")
def form():
    return f"{request.form['title']} by {os.getpid()}"


@app.post("/upload")
def upload():
    digest = hashlib.sha256()
    while chunk := request.stream.read(65536):
        digest.update(chunk)
    return digest.hexdigest()


@app.get("/stream")
def stream():
    until = request.args["until"]

    def lines():
        yield "first\n"
        while not os.path.exists(until):
            time.sleep(0.005)
        yield "second\n"

    return Response(lines(), mimetype="text/plain")


@app.get("/healthz")
def healthz():
    return "", 204
