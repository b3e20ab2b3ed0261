"""Which lines of a function lead to one of its results, read off its text from the end to the beginning.

A line leads there if it writes to the result or to anything that a later such line reads, unless all of it is written
anew in between. Where it is not known which way a function branches both count, so a line too many may be named.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

_ELEMENTS = {"y": 0, "dx": 0, "value": 0, "dy": 1}
"""Where results stand in what is returned; everything else is an entry of the dictionary that stands behind."""

_NEVER = "'mean' not in cache"
"""Where a training step does not come by: this way is for evaluation."""


def leading_lines(function: Callable[..., Any], result: str, owner: Any = None) -> frozenset[int]:
    """The numbers of the lines, in the function's file; empty where it cannot be said.

    `result` is "y" or what is kept of a forward, "dx" or "d_weight" of a backward, "value" or "dy" of a loss. Of a
    function that returns nothing it is the array that is changed: "param" or "m" of an optimizer. A branch that the
    options of the `owner` of a method leave out leads nowhere.
    """
    if not result:
        return frozenset()
    text, first, tree = _parsed(function)
    search = _Search(result, {"training": True} if owner is None else {"training": True, "self": owner})
    search.before(tree.body, {result})
    return frozenset(first - 1 + line for statement in search.found for line in _own_lines(statement, text))


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


class _Search:
    """Goes through a function from its end to its beginning and collects what leads to one result."""

    def __init__(self, result: str, known: dict[str, Any]) -> None:
        self.found: set[ast.stmt] = set()
        self._result = result
        self._known = known  # the arguments whose values are known beforehand

    def before(self, body: list[ast.stmt], wanted: set[str]) -> set[str]:
        """The names that matter before some statements if `wanted` matter behind them."""
        for statement in reversed(body):
            if isinstance(statement, ast.Return):
                wanted = self._before_return(statement)
            elif isinstance(statement, ast.If):
                wanted = self._before_branch(statement, wanted)
            elif isinstance(statement, ast.For):
                wanted = self._before_loop(statement, wanted)
            elif _writes(statement) & wanted:
                self.found.add(statement)
                wanted = (wanted - _overwritten(statement)) | _reads(statement, wanted)
        return wanted

    def _before_branch(self, block: ast.If, wanted: set[str]) -> set[str]:
        """Where it is not known which way is taken, what either of them wants is wanted."""
        count, taken = len(self.found), self._is_taken(block.test)
        ways = [way for way, left_out in ((block.body, False), (block.orelse, True)) if taken is not left_out]
        inside = set().union(*(self.before(way, wanted) for way in ways))
        return inside | self._head(block, block.test, count)

    def _before_loop(self, block: ast.For, wanted: set[str]) -> set[str]:
        """A loop runs any number of times: what none of them wants and what each wants of the one before."""
        count, behind = len(self.found), self.before(block.orelse, wanted)
        inside = self.before(block.body, behind)
        while not inside <= behind:
            behind |= inside
            inside = self.before(block.body, behind)
        return behind | self._head(block, block.iter, count)

    def _head(self, block: ast.stmt, expression: ast.expr, count: int) -> set[str]:
        """The head of a block in which something was found since there were `count`, and the names it speaks of."""
        if len(self.found) == count:
            return set()
        self.found.add(block)
        return _names(expression)

    def _is_taken(self, test: ast.expr) -> bool | None:
        """Whether a branch is taken, if that follows from what is known."""
        match test:
            case _ if ast.unparse(test) == _NEVER:
                return False
            case ast.UnaryOp(op=ast.Not(), operand=part):
                taken = self._is_taken(part)
                return None if taken is None else not taken
            case ast.Name(id=name) if name in self._known:
                return bool(self._known[name])
            case ast.Attribute(value=ast.Name(id=name), attr=option) if name in self._known:
                return bool(getattr(self._known[name], option))
            case ast.Compare(
                left=ast.Attribute(value=ast.Name(id=name), attr=option),
                ops=[ast.Gt()],
                comparators=[ast.Constant(value=bound)],
            ) if name in self._known:
                return bool(getattr(self._known[name], option) > bound)
        return None

    def _before_return(self, statement: ast.Return) -> set[str]:
        """The names a result is made of where it is returned; a return that makes something of them there is found."""
        if not isinstance(statement.value, ast.Tuple):
            return set()
        element: ast.expr | None = statement.value.elts[_ELEMENTS.get(self._result, 1)]
        if self._result not in _ELEMENTS:
            result = self._result.removeprefix("d_")
            if isinstance(element, ast.Name):
                return {element.id, f"{element.id}[{result}]"}
            element = _items(element).get(result)
        if element is None or isinstance(element, ast.Constant):
            return set()
        if not isinstance(element, ast.Name):
            self.found.add(statement)
        return _names(element)


def _items(element: ast.expr | None) -> dict[str, ast.expr]:
    """The entries of a dictionary that is written out, by their keys; none of anything else."""
    pairs = zip(element.keys, element.values, strict=True) if isinstance(element, ast.Dict) else ()
    return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}


def _writes(statement: ast.stmt) -> set[str]:
    """The names a statement gives a value, or changes in place (also as NumPy's `out`)."""
    if entries := _entries(statement):
        return {*entries, *_overwritten(statement)}
    return {name for target in _targets(statement) for name in _written(target)}


def _overwritten(statement: ast.stmt) -> set[str]:
    """The names of which nothing is left that stood there before."""
    if isinstance(statement, ast.AugAssign):
        return set()
    whole = [element for target in _targets(statement) for element in _elements(target)]
    return {element.id for element in whole if isinstance(element, ast.Name)}


def _targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    if isinstance(statement, ast.AugAssign | ast.AnnAssign):
        return [statement.target]
    if isinstance(statement, ast.Expr):
        calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
        return [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "out"]
    return []


def _elements(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple):
        for element in target.elts:
            yield from _elements(element)
    else:
        yield target


def _written(target: ast.expr) -> Iterator[str]:
    for element in _elements(target):
        if isinstance(element, ast.Subscript):
            entry = _entry(element)
            yield from [entry] if entry else _written(element.value)
        elif isinstance(element, ast.Call):  # a view of the array: bits(left)[outputs] = …, out=y.transpose(1, 0)
            yield from (name for part in (element.func, *element.args) for name in _names(part))
        elif isinstance(element, ast.Name):
            yield element.id


def _reads(statement: ast.stmt, wanted: set[str]) -> set[str]:
    """The names a statement makes its result of; of a dictionary that is written out only the entries that matter.

    Where it is read by a name alone, or with a key that is not written out, all of its entries matter.
    """
    if entries := _entries(statement):
        return set().union(*(_names(entries[entry]) for entry in wanted & {*entries} or entries))
    if isinstance(statement, ast.Assign):
        targets = (target for target in statement.targets if not isinstance(target, ast.Name))
        return _names(statement.value).union(*map(_names, targets))
    if isinstance(statement, ast.Expr) and isinstance(call := statement.value, ast.Call):
        others = (keyword.value for keyword in call.keywords if keyword.value not in _targets(statement))
        return _names(call.func).union(*map(_names, (*call.args, *others)))
    return _names(statement)


def _entries(statement: ast.stmt) -> dict[str, ast.expr]:
    """The entries of a dictionary that is written out and given a name, by theirs: `cache[x_hat]`."""
    if not isinstance(statement, ast.Assign):
        return {}
    names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return {f"{name}[{key}]": value for name in names for key, value in _items(statement.value).items()}


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
