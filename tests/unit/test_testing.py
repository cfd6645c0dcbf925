"""The helpers and the fixture that the package ships for tests."""

import inspect
import subprocess
import sys
from collections import Counter

import pytest

from data_store.object_store import ObjectStore, testing
from data_store.object_store.testing import ObjectStoreConformance, assert_same_object, random_bytes
from data_store.object_store.testing.conformance import ConformanceGroup
from data_store.object_store.testing.exceptions import TABLE, KeyRule, Limits


def test_random_bytes_have_their_size_and_are_the_same_for_a_seed() -> None:
    """The same seed gives the same bytes, another one others."""
    assert len(random_bytes(1000)) == 1000
    assert random_bytes(1000, seed=1) == random_bytes(1000, seed=1)
    assert random_bytes(1000, seed=1) != random_bytes(1000, seed=2)
    assert random_bytes(0) == b""


def test_the_fixture_is_an_empty_store_with_a_root_bucket(object_store: ObjectStore) -> None:
    """The root bucket is there, and is the only one."""
    assert [bucket.name for bucket in object_store.list_buckets()] == [object_store.config.root_bucket]
    assert list(object_store.list_objects()) == []
    object_store.put_object(b"seen by this test alone", "key")


def test_the_fixture_is_another_store_in_another_test(object_store: ObjectStore) -> None:
    """What another test stored is not there."""
    assert object_store.exists("key") is False


def test_the_same_object_passes(object_store: ObjectStore) -> None:
    """A copy is the same object, in another bucket too."""
    object_store.put_object(b"content", "a", metadata={"n": "1"}, content_type="text/plain")
    object_store.copy_object("a", "b")
    assert_same_object(object_store, "a", "b")
    object_store.create_bucket("other-bucket")
    object_store.copy_object("a", "a", None, "other-bucket")
    assert_same_object(object_store, "a", "a", b_bucket="other-bucket")


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"c0ntent", {"content_type": "text/plain"}),
        (b"longer content", {"content_type": "text/plain"}),
        (b"content", {"content_type": "text/html"}),
        (b"content", {"content_type": "text/plain", "metadata": {"n": "1"}}),
        (b"content", {"content_type": "text/plain", "cache_control": "no-cache"}),
    ],
)
def test_another_object_fails(object_store: ObjectStore, content: bytes, options: dict[str, object]) -> None:
    """Other content, metadata or headers are not the same object."""
    object_store.put_object(b"content", "a", content_type="text/plain")
    object_store.put_object(content, "b", **options)
    with pytest.raises(AssertionError):
        assert_same_object(object_store, "a", "b")


def test_every_public_name_can_be_imported() -> None:
    """What __all__ promises is there, and nothing else is."""
    assert all(getattr(testing, name) is not None for name in testing.__all__)
    assert dir(testing) == testing.__all__
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        _ = testing.missing


def test_no_group_hides_a_test_or_a_helper_of_another() -> None:
    """In the class of all groups, no name of a group stands for that of another."""
    own = {"capability"}
    names = Counter(name for group in ObjectStoreConformance.__bases__ for name in vars(group).keys() - own)
    assert [name for name, count in names.items() if count > 1 and name[:2] != "__"] == []


def test_every_group_is_in_the_class_of_all() -> None:
    """A new group cannot be forgotten."""
    assert set(ConformanceGroup.__subclasses__()) == set(ObjectStoreConformance.__bases__)


def test_the_suite_has_more_than_three_hundred_sentences() -> None:
    """Each test of the suite says in one sentence what it promises."""
    tests = [
        test for group in ObjectStoreConformance.__bases__ for name, test in vars(group).items() if "test_" in name
    ]
    assert len(tests) >= 300
    assert [test.__name__ for test in tests if not (inspect.getdoc(test) or "").endswith(".")] == []


def test_every_exception_has_a_reason() -> None:
    """The table names who cannot do what, and why."""
    for limits in TABLE:
        assert limits.name
        assert all(rule.rule and rule.reason for rule in (*limits.keys, *limits.form_keys))
        assert all(limits.lacks.values())


def test_a_key_is_refused_by_the_rule_that_fits() -> None:
    """The first rule that fits a key is its reason; a key that no rule fits must be taken."""
    limits = Limits("a server", keys=(KeyRule("a long key", "it is small", lambda key: len(key) > 3),))
    assert limits.refusal("long") is limits.keys[0]
    assert limits.refusal("key") is None


def test_a_form_refuses_what_the_server_refuses_and_more() -> None:
    """Keys that no object can have, then those that a form cannot carry; both stand in the table."""
    first = KeyRule("an a", "it is so", lambda key: "a" in key)
    second = KeyRule("a b", "it is so", lambda key: "b" in key)
    limits = Limits("a server", keys=(first,), form_keys=(second,))
    assert [limits.form_refusal(key) for key in ("a", "b", "ab", "c")] == [first, second, first, None]
    assert limits.refusal("b") is None
    assert [what for _, what, _ in limits.rows()] == ["a key with an a", "a form for a key with a b"]


def test_importing_the_helpers_imports_neither_pytest_nor_the_suite() -> None:
    """A program may use random_bytes without pytest."""
    code = (
        "import sys; from data_store.object_store.testing import random_bytes; "
        "print([name for name in sys.modules if name == 'pytest' or 'conformance' in name])"
    )
    answer = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


def test_the_plugin_is_invisible_where_nobody_asks(pytester: pytest.Pytester) -> None:
    """A run that does not use the fixture loads no SDK, and sees no warning even where warnings are errors."""
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            loaded = {"minio", "boto3", "botocore", "data_store.object_store.testing.conformance"} & set(sys.modules)
            assert not loaded
        """
    )
    result = pytester.runpytest_subprocess("-W", "error")
    result.assert_outcomes(passed=1)
    assert result.errlines == []


def test_the_fixture_works_in_another_project(pytester: pytest.Pytester) -> None:
    """Any project with the package installed has the fixture."""
    pytester.makepyfile(
        """
        def test_a_report_is_stored(object_store):
            object_store.put_object(b"42", "answer")
            assert object_store.read_object("answer") == b"42"
        """
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


def test_a_failed_promise_shows_its_values(pytester: pytest.Pytester) -> None:
    """Asserts of the shipped suite are rewritten: a broken adapter's author sees what was and what should be."""
    pytester.makepyfile(
        """
        import pytest
        from data_store.object_store import ObjectStore
        from data_store.object_store.testing.conformance import Objects

        class Forgetful(ObjectStore):
            def read_object(self, key, bucket=None):
                return b"something else"

        class TestForgetful(Objects):
            @pytest.fixture(scope="class")
            @classmethod
            def store(cls):
                with Forgetful("memory://bucket?name=forgetful") as store:
                    yield store
        """
    )
    result = pytester.runpytest_subprocess("-W", "error", "-k", "an_empty_object_exists")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert b'something else' == b''*"])
