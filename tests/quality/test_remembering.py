"""What is remembered by the identity of the object that it hangs on."""

from tocsin.quality.remembering import by_identity


class Model:
    """Something that is equal to all of its kind."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model)

    def __hash__(self) -> int:
        return 1


def test_the_same_question_about_the_same_object_is_answered_once() -> None:
    asked = list[int]()

    @by_identity(10)
    def answer(model: Model, number: int) -> int:
        asked.append(number)
        return number * 2

    model = Model()

    assert [answer(model, 1), answer(model, 1), answer(model, 2)] == [2, 2, 4]
    assert asked == [1, 2]


def test_an_equal_object_is_another_one() -> None:
    @by_identity(10)
    def answer(model: Model) -> int:
        return id(model)

    one, other = Model(), Model()

    assert (answer(one), answer(other)) == (id(one), id(other))


def test_no_more_is_kept_than_was_said_and_an_object_is_not_taken_for_one_that_is_gone() -> None:
    @by_identity(3)
    def answer(model: list[int]) -> int:
        return model[0]

    assert [answer([number]) for number in range(50)] == list(range(50))


def test_that_there_is_no_answer_is_remembered_too() -> None:
    asked = list[int]()

    @by_identity(3)
    def answer(model: Model) -> None:
        asked.append(1)

    model = Model()
    answer(model)
    answer(model)

    assert asked == [1]


def test_what_is_asked_with_a_name_is_never_taken_for_another_question() -> None:
    @by_identity(10)
    def answer(model: Model, number: int = 0) -> int:
        return number

    model = Model()

    assert [answer(model), answer(model, number=1), answer(model, number=2), answer(model)] == [0, 1, 2, 0]
