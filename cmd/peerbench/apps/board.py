"""Pybo's list of questions on Flask, with the sqlite3 module and Jinja."""
import os
import sqlite3
from datetime import datetime, timedelta, timezone

from flask import Flask, g, make_response, render_template, request

PER_PAGE = 10
SEOUL = timezone(timedelta(hours=9))
app = Flask(__name__, template_folder=os.path.dirname(os.path.abspath(__file__)))


def database():
    if "db" not in g:
        g.db = sqlite3.connect("file:" + os.environ["PEERBENCH_DB"] + "?mode=ro", uri=True)
        g.db.row_factory = sqlite3.Row
    return g.db


@app.teardown_appcontext
def close(_):
    if "db" in g:
        g.db.close()


@app.template_filter("parsed")
def parsed(text):
    return datetime.fromisoformat(text.replace(" ", "T")[:19]).replace(tzinfo=timezone.utc)


@app.template_filter("date")
def date(at):
    return at.astimezone(SEOUL).strftime("%Y년 %m월 %d일 %H:%M")


def numbers(current, last):
    before = 0
    for n in range(1, last + 1):
        if n not in (1, last) and abs(n - current) > 5:
            continue
        if n > before + 1:
            yield 0
        yield n
        before = n


@app.get("/question/list/")
def question_list():
    db = database()
    total = db.execute("SELECT count(*) FROM question").fetchone()[0]
    last = max(1, (total + PER_PAGE - 1) // PER_PAGE)
    number = min(max(request.args.get("page", 1, type=int), 1), last)
    rows = db.execute(
        """SELECT q.id, q.subject, q.content, q.create_date,
        (SELECT count(*) FROM answer a WHERE a.question_id = q.id) AS answers
        FROM question q ORDER BY q.create_date DESC, q.id DESC LIMIT ? OFFSET ?""",
        (PER_PAGE, (number - 1) * PER_PAGE),
    ).fetchall()
    response = make_response(
        render_template("board.jinja.html", rows=rows, total=total, number=number, last=last,
                        first=total - (number - 1) * PER_PAGE, numbers=list(numbers(number, last))))
    response.headers["Cache-Control"] = "private"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
