"""Which lines of a function lead to one of its results, read off its text.

A line leads there if it writes to the result or to anything that such a line reads. Order is not looked at, so a line
too many may be named, never one too few.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

_ELEMENTS = {"y": 0, "dx": 0, "value": 0, "dy": 1}
"""Where results stand in what is returned; everything else is an entry of the dictionary that stands behind."""

_NEVER = ("not training", "'mean' not in cache")
"""Where a training step does not come by: these ways are for evaluation."""


@cache
def leading_lines(function: Callable[..., Any], result: str) -> frozenset[int]:
    """The numbers of the lines, in the function's file; empty where it cannot be said.

    `result` is "y" or what is kept of a forward, "dx" or "d_weight" of a backward, "value" or "dy" of a loss.
    """
    if not result:
        return frozenset()
    text, first, tree = _parsed(function)
    statements = [*_statements(tree.body)]
    wanted, found = _returned(statements, result.removeprefix("d_") if result.startswith("d_") else result)
    if not wanted:
        return frozenset()
    grown = True
    while grown:
        grown = False
        for statement in statements:
            if statement not in found and _writes(statement) & wanted:
                found.add(statement)
                wanted |= _reads(statement)
                grown = True
        for outer in statements:
            inside = isinstance(outer, ast.For | ast.If) and any(s in found for s in _statements(outer.body))
            if inside and outer not in found:
                found.add(outer)
                wanted |= _reads(outer)
                grown = True
    return frozenset(first - 1 + line for statement in found for line in _own_lines(statement, text))


@cache
def names_in(function: Callable[..., Any], lines: frozenset[int]) -> tuple[str, ...]:
    """The names that a function speaks of in some of its lines, or in all where none are given, in their order."""
    _, first, tree = _parsed(function)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)]
    named = [(node.lineno, node.col_offset, node.id if isinstance(node, ast.Name) else node.attr) for node in found]
    return tuple(name for line, _, name in sorted(named) if not lines or first - 1 + line in lines)


@cache
def _parsed(function: Callable[..., Any]) -> tuple[list[str], int, ast.FunctionDef]:
    """The lines of a function, the number of the first, and its syntax tree."""
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return lines, first, tree


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements, those inside of others too."""
    for statement in body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) in _NEVER:
            continue
        yield statement
        if isinstance(statement, ast.For | ast.If):
            yield from _statements([*statement.body, *statement.orelse])


def _returned(statements: list[ast.stmt], result: str) -> tuple[set[str], set[ast.stmt]]:
    """The names a result is made of where it is returned, and the returns that make something of them there."""
    wanted: set[str] = set()
    found: set[ast.stmt] = set()
    for statement in statements:
        if not isinstance(statement, ast.Return) or not isinstance(statement.value, ast.Tuple):
            continue
        where: ast.stmt = statement
        element: ast.expr | None = statement.value.elts[_ELEMENTS.get(result, 1)]
        if result not in _ELEMENTS:
            if isinstance(element, ast.Name):
                literal = _literal(statements, element.id)
                if literal is None:
                    wanted |= {element.id, f"{element.id}[{result}]"}
                    continue
                where, element = literal, literal.value
            element = _value(element, result)
        if element is None or isinstance(element, ast.Constant):
            continue
        wanted |= _names(element)
        if not isinstance(element, ast.Name):
            found.add(where)
    return wanted, found


def _literal(statements: list[ast.stmt], name: str) -> ast.Assign | None:
    """Where a name is given a dictionary that is written out."""
    for statement in statements:
        written_out = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict)
        if written_out and name in _writes(statement):
            assert isinstance(statement, ast.Assign)
            return statement
    return None


def _value(element: ast.expr | None, key: str) -> ast.expr | None:
    if not isinstance(element, ast.Dict):
        return None
    keys = [key.value if isinstance(key, ast.Constant) else None for key in element.keys]
    return element.values[keys.index(key)] if key in keys else None


def _writes(statement: ast.stmt) -> set[str]:
    """The names a statement gives a value, or changes in place (also as NumPy's `out`)."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AugAssign | ast.AnnAssign | ast.For):
        targets = [statement.target]
    elif isinstance(statement, ast.Expr):
        calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
        targets = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "out"]
    return {name for target in targets for name in _written(target)}


def _written(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Tuple):
        for element in target.elts:
            yield from _written(element)
    elif isinstance(target, ast.Subscript):
        entry = _entry(target)
        yield from [entry] if entry else _written(target.value)
    elif isinstance(target, ast.Call):  # a view of the array: bits(left)[outputs] = …, out=y.transpose(1, 0)
        yield from (name for part in (target.func, *target.args) for name in _names(part))
    elif isinstance(target, ast.Name):
        yield target.id


def _reads(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.For):
        return _names(statement.iter)
    if isinstance(statement, ast.If):
        return _names(statement.test)
    return _names(statement)


def _names(node: ast.AST) -> set[str]:
    """The names an expression speaks of; `grads["weight"]` is a name of its own."""
    if isinstance(node, ast.Subscript) and (entry := _entry(node)):
        assert isinstance(node.value, ast.Name)
        return {entry, node.value.id}
    own = {node.id} if isinstance(node, ast.Name) else set()
    return own.union(*(_names(child) for child in ast.iter_child_nodes(node)))


def _entry(node: ast.Subscript) -> str:
    """`grads[weight]` for `grads["weight"]`; empty for any other subscript."""
    key = node.slice
    named = isinstance(node.value, ast.Name) and isinstance(key, ast.Constant) and isinstance(key.value, str)
    return f"{node.value.id}[{key.value}]" if named else ""  # type: ignore[attr-defined]


def _own_lines(statement: ast.stmt, text: list[str]) -> range:
    """The lines of a statement and of the comment above it; of one that holds others, its head."""
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    if isinstance(statement, ast.For | ast.If):
        last = statement.body[0].lineno - 1
        while text[last - 1].lstrip().startswith("#"):
            last -= 1
    while text[first - 2].lstrip().startswith("#"):
        first -= 1
    return range(first, last + 1)
