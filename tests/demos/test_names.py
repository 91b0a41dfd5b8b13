"""What the names demo claims."""

from pathlib import Path

import numpy as np
import pytest

from autograd_lite import nn
from demos import names

STEPS = 300
END = names.CHARACTERS.index(".")


@pytest.fixture(scope="module")
def parts():
    return names.load(seed=0)


@pytest.fixture
def model():
    return names.Transformer(dropout=0.0, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def runs(parts):
    """The trained model and its history, by how much is dropped."""
    return {dropout: names.train(*parts, dropout, STEPS, seed=0) for dropout in (0.0, names.DROPOUT)}


def test_the_list_says_where_it_comes_from_and_holds_distinct_names_of_known_characters():
    head, *lines = Path(names.__file__).with_name("places.txt").read_text("ascii").splitlines()
    listed = [line for line in lines if not line.startswith("#")]
    assert head.startswith(f"# {len(listed)} names")
    assert "IANA time zone database" in head
    assert "public domain" in " ".join(lines[:4])
    assert len(set(listed)) == len(listed) > 600
    assert set("".join(listed)) == set(names.CHARACTERS) - {"."}
    assert max(map(len, listed)) == names.LONGEST
    assert all(name == name.strip() for name in listed)


def test_a_fifth_is_held_out(parts):
    learn, held_out = parts
    assert not set(learn) & set(held_out)
    assert len(held_out) == round(0.2 * (len(learn) + len(held_out)))


def test_each_character_is_followed_by_the_next_and_the_last_by_the_end_mark():
    x, y = names.encode(["ab", "-"])
    a, b, hyphen = map(names.CHARACTERS.index, "ab-")
    end, nothing = END, names.NOTHING
    assert x.tolist() == [[end, a, b], [end, hyphen, end]]
    assert y.tolist() == [[a, b, end], [hyphen, end, nothing]]


def test_a_later_character_changes_no_earlier_logits(model):
    x, _ = names.encode(["amsterdam"])
    before = model(x).data
    for t in range(1, x.shape[1]):
        changed = x.copy()
        changed[0, t] = END if changed[0, t] == 2 else 2
        after = model(changed).data
        np.testing.assert_array_equal(after[:, :t], before[:, :t])
        assert np.all(np.abs(after[:, t:] - before[:, t:]).max(axis=-1) > 1e-6)


def test_what_fills_up_short_names_does_not_count(model):
    listed = ["rome", "st pierre", "yap"]
    together = names.cost(model, listed)
    alone = [names.cost(model, [name]).item() * (len(name) + 1) for name in listed]
    assert together.item() == pytest.approx(sum(alone) / sum(len(name) + 1 for name in listed), rel=1e-12)

    x, y = names.encode(listed)
    x[0, 5:] = 7  # other characters in the filling
    assert nn.cross_entropy(model(x)[y >= 0], y[y >= 0]).item() == pytest.approx(together.item(), rel=1e-12)


def test_the_gradient_is_the_slope_of_the_cost_in_any_direction(model):
    listed = ["rome", "st pierre", "yap"]
    rng, state = np.random.default_rng(1), model.state_dict()
    direction = {name: rng.normal(size=array.shape) for name, array in state.items()}
    names.cost(model, listed).backward()
    slope = sum(np.sum(p.grad * direction[name]) for name, p in model.named_parameters() if p.grad is not None)
    costs = []
    for step in (-1e-6, 1e-6):
        model.load_state_dict({name: array + step * direction[name] for name, array in state.items()})
        costs.append(names.cost(model, listed).item())
    assert (costs[1] - costs[0]) / 2e-6 == pytest.approx(slope, rel=1e-6)


def test_before_training_it_guesses_about_evenly(runs):
    for _, history in runs.values():
        np.testing.assert_allclose(history[0, 1:], np.log(29), rtol=0, atol=0.1)


def test_bigrams_are_counted_from_one():
    log_p = names.bigram(["aa", "ab"])(np.arange(29))
    a, b = names.CHARACTERS.index("a"), names.CHARACTERS.index("b")
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1)
    assert np.exp(log_p[END, a]) == pytest.approx((1 + 2) / (29 + 2))
    assert np.exp(log_p[a, [a, b, END, 0]]) == pytest.approx(np.array([2, 2, 2, 1]) / (29 + 3))
    table = {"a": log_p[END, a], "end": log_p[a, END]}
    assert names.cost(names.bigram(["aa", "ab"]), ["a"]) == pytest.approx(-(table["a"] + table["end"]) / 2)


def test_training_beats_bigrams_on_the_names_learned_from_and_on_those_held_out(parts, runs):
    baseline = [names.cost(names.bigram(parts[0]), part) for part in parts]
    assert max(baseline) < np.log(29)
    learned, held_out = runs[names.DROPOUT][1][-1, 1:]
    assert learned < baseline[0] - 0.15
    assert held_out < baseline[1] - 0.1


def test_without_dropout_it_learns_by_heart(runs):
    """Lower on the names it has seen, higher on those it has not."""
    (by_heart, by_heart_held_out), (learned, held_out) = (runs[p][1][-1, 1:] for p in (0.0, names.DROPOUT))
    assert by_heart < learned - 0.05
    assert by_heart_held_out > held_out + 0.03


def test_the_history_ends_with_the_costs_of_the_model_without_dropout(parts, runs):
    model, history = runs[names.DROPOUT]
    assert history[:, 0].tolist() == list(range(0, STEPS + 1, 20))
    assert [names.cost(model, part).item() for part in parts] == history[-1, 1:].tolist()


def test_samples_are_decided_by_the_seed_and_made_of_known_characters(runs):
    model, _ = runs[names.DROPOUT]
    first, again, other = ([names.sample(model, np.random.default_rng(seed)) for _ in range(1)] for seed in (3, 3, 4))
    assert first == again != other
    rng = np.random.default_rng(0)
    drawn = [names.sample(model, rng, temperature=1.5) for _ in range(30)]
    assert set("".join(drawn)) <= set(names.CHARACTERS)
    assert 0 < max(map(len, drawn)) <= names.LONGEST
    assert len(set(drawn)) > 20


def test_at_a_low_temperature_the_likeliest_characters_are_drawn(runs):
    model, _ = runs[names.DROPOUT]
    name = names.sample(model, np.random.default_rng(0), temperature=1e-6)
    x, _ = names.encode([name])
    likeliest = model(x).data[0].argmax(axis=-1)
    assert likeliest.tolist() == [*map(names.CHARACTERS.index, name), END]


def test_what_it_makes_up_is_not_in_the_list(parts, tmp_path, capsys, monkeypatch):
    untrained = names.Transformer(0.0, np.random.default_rng(0)).eval()
    monkeypatch.setattr(names, "train", lambda *_: (untrained, np.ones((2, 3))))
    known = iter(["a", parts[0][0], parts[1][0], "", *"abcdefgh"])
    monkeypatch.setattr(names, "sample", lambda *_: next(known))
    names.main(tmp_path, seed=0, quick=True)
    assert "Made up: a, b, c, d, e, f, g, h.\n" in capsys.readouterr().out
