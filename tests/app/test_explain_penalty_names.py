"""What a penalty adds is called so wherever it stands beside the weights and the gradients of the loss."""

from pytestqt.qtbot import QtBot

from app.panels.explain.sources import sources
from app.panels.explain.words import place_name
from core.explain import Place, explain
from tests.app.explain_tabs import numbers_document, open_inspector, step_of


def test_the_gradient_of_a_penalty_is_not_taken_for_the_weight(qtbot: QtBot) -> None:
    document = numbers_document({"kind": "sgd"}, penalty={"kind": "l2", "strength": 0.1})
    inspector = open_inspector(qtbot, document)
    step = step_of(document)
    update = step.update_positions["0.weight"]
    for tensor in ("gradient", "after"):
        place = Place(update, tensor, (1, 1))
        found, _ = sources(step, explain(step, place))
        titles = [source.title for source in found]
        assert "∂P/∂weight" in titles and "d_weight" in titles and "weight" not in titles, titles
        pull = found[titles.index("∂P/∂weight")]
        assert step.penalty_position == pull.place(1, 1).record and pull.place(1, 1).tensor == "d_0.weight"
        document.questions.ask(place)
        assert "∂P/∂weight" in inspector.explain.sources.accessibleDescription()


def test_weights_in_the_record_of_the_penalty_have_the_names_they_have_elsewhere(qtbot: QtBot) -> None:
    document = numbers_document({"kind": "sgd"}, penalty={"kind": "l1", "strength": 0.1})
    document.next_batch()
    step = step_of(document)
    position = step.penalty_position
    assert place_name(step, Place(position, "0.weight", (1, 1))) == "1 · Dense.weight[1, 1]"
    assert place_name(step, Place(position, "d_0.weight", (1, 1))) == "penalty on 1 · Dense.weight[1, 1]"
    titles = [source.title for source in sources(step, explain(step, Place(position, "value", ())))[0]]
    assert len(titles) > 1 and not any("0.weight" in title for title in titles), titles
