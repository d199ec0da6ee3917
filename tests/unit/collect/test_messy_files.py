"""CSV files as people have them: each row is read as meant, filed with its reason, or the file is refused."""

from datetime import date

import polars as pl
import pytest

from workbench import collect
from workbench.errors import ConfigError, DataError

HEADER = "Code,Date,Open,High,Low,Close,Vol\n"
COLUMNS = {"ticker": "Code", "date": "Date", "open": "Open", "high": "High", "low": "Low", "close": "Close"}
SPEC = {"file": "own.csv", "region": "KR", "source": "own", "columns": COLUMNS | {"volume": "Vol"}}
FIRST, SECOND = date(2024, 1, 2), date(2024, 1, 3)


def line(day, code="005930", close=100):
    return f"{code},{day},{close},{close + 5},{close - 5},{close},10\n"


GOOD = line("2024-01-02") + line("2024-01-03")


@pytest.fixture
def bring(lake, tmp_path):
    def import_text(text, encoding="utf-8", **more):
        (tmp_path / "own.csv").write_bytes(text.encode(encoding))
        done = collect.import_files(lake, SPEC | more, tmp_path)
        assert done.rows_in == done.published + done.quarantined + done.superseded
        assert collect.unexplained(lake, "KR").is_empty()
        assert collect.contradicted(lake, "KR").is_empty()
        return done

    return import_text


@pytest.mark.parametrize(
    ("text", "encoding", "more"),
    [
        (HEADER + GOOD, "utf-8-sig", {}),
        ((HEADER + GOOD).replace("\n", "\r\n"), "utf-8", {}),
        (HEADER + "\n" + line("2024-01-02") + "\n\n,,,,,,\n" + line("2024-01-03"), "utf-8", {}),
        ((HEADER + GOOD).replace(",", ";"), "utf-8", {"separator": ";"}),
        (HEADER + line("2024-01-02 00:00:00") + line("2024-01-03T15:30:00"), "utf-8", {}),
        (HEADER + line("02 Jan 2024") + line("03 Jan 2024"), "utf-8", {"date_format": "%d %b %Y"}),
        (HEADER + '005930,2024-01-02,"1,00",105,95,100,10\n' + line(SECOND), "utf-8", {"thousands": ","}),
    ],
    ids=["byte order mark", "carriage returns", "blank lines", "semicolons", "instants", "text dates", "thousands"],
)
def test_what_can_be_read_is_read(lake, bring, text, encoding, more):
    done = bring(text, encoding, **more)
    assert (done.rows_in, done.published) == (2, 2)
    assert lake.read("ohlcv", "KR").select("date", "open", "close").rows() == [
        (FIRST, 100.0, 100.0),
        (SECOND, 100.0, 100.0),
    ]


@pytest.mark.parametrize(
    ("text", "encoding", "message"),
    [
        (HEADER + line("01/02/2024"), "utf-8", "cannot be read, such as '01/02/2024'"),
        (HEADER + GOOD + line("xx", code="삼성"), "cp949", "cannot be read: invalid utf-8"),
        (HEADER + GOOD + "005930,2024-01-04,1,1,1,1,1,7,8\n", "utf-8", "cannot be read: found more fields"),
        ("", "utf-8", "cannot be read: empty CSV"),
        (HEADER, "utf-8", "no row with a readable ticker and date"),
    ],
    ids=["ambiguous dates", "another encoding", "too many fields", "nothing at all", "a header alone"],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(bring, text, encoding, message):
    with pytest.raises(ConfigError, match=message) as error:
        bring(text, encoding)
    assert error.value.hint


@pytest.mark.parametrize("typed", ["2925-01-03", "1024-01-03", "9999-12-31", "0001-01-01", "2027-06-01", "xx"])
def test_a_mistyped_date_is_quarantined_and_moves_nothing(lake, bring, typed):
    done = bring(HEADER + GOOD + line(typed))
    assert (done.published, done.quarantined) == (2, 1)
    assert lake.read("gaps", "KR").is_empty()
    assert lake.read("tickers", "KR")["listed_date"].to_list() == [FIRST]
    assert lake.read("coverage", "KR").select("start", "end").rows() == [(FIRST, SECOND)]


def test_files_of_separate_times_leave_no_session_unexplained(lake, bring):
    bring(HEADER + line("2024-01-02") + line("2024-01-04"))
    bring(HEADER + line("2024-03-04"))
    bring(HEADER + line("2023-12-20"))
    missing = lake.read("gaps", "KR").select("start", "end", "reason").rows()
    assert missing[0] == (date(2023, 12, 21), date(2023, 12, 28), "not_covered")
    assert missing[-1] == (date(2024, 1, 5), date(2024, 2, 29), "not_covered")


def test_another_currency_of_the_same_ticker_is_refused(lake, bring):
    bring(HEADER + GOOD)
    before = lake.tables()
    with pytest.raises(ConfigError, match="have prices in KRW"):
        bring(HEADER + line("2024-01-04"), currency="USD")
    assert lake.tables() == before


def test_a_file_without_names_takes_none_away(lake, bring):
    listing = pl.DataFrame(
        {
            "ticker": "005930",
            "spell": 1,
            "name": "Samsung",
            "exchange": "XKRX",
            "currency": "KRW",
            "listed_date": date(1999, 1, 4),
            "delisted_date": date(2024, 5, 2),
            "delisting_reason": "merger",
            "source": "a listing",
        }
    )
    lake.publish("tickers", listing, "KR")
    bring(HEADER + GOOD)
    known = lake.read("tickers", "KR").row(0, named=True)
    assert {name: known[name] for name in listing.columns if name != "source"} == listing.drop("source").row(
        0, named=True
    )


def test_codes_of_another_form_are_told(lake, bring):
    odd = HEADER + line("2024-01-02", code="5930")
    assert bring(odd + line("2024-01-02")).notes == ("1 codes do not look like codes of KR, such as '5930'",)
    assert bring(odd, ticker={"pad": 6}).notes == ()


def test_a_file_of_another_region_is_refused(lake, bring):
    american = HEADER + "".join(line("2024-01-02", code=code) for code in ("AAPL", "MSFT", "IBM", "005930"))
    with pytest.raises(
        ConfigError, match=r"3 of 4 codes .* of KR, such as AAPL, IBM, MSFT; .*\[0-9A-Z\]\{6\}"
    ) as error:
        bring(american)
    assert "`region:`" in error.value.hint
    assert "`ticker:`" in error.value.hint
    assert lake.tables() == {}
    assert bring(american, ticker={"check": False}).published == 4


def test_an_import_in_vain_says_why_and_where_to_look(bring):
    done = bring(HEADER + '005930,2024-01-02,"1,000","1,005","995","1,000",10\n')
    with pytest.raises(DataError, match=r"None of the 1 rows of own .* missing_price \(1\)") as error:
        done.raise_for_nothing()
    assert "`thousands`" in error.value.hint
    bring(HEADER + GOOD).raise_for_nothing()


def test_a_second_vintage_shows_how_much_it_changes(bring):
    assert bring(HEADER + GOOD).to_dict()["inserted"] == 2
    second = bring(HEADER + line("2024-01-02", close=101) + line("2024-01-03") + line("2024-01-04"))
    assert (second.inserted, second.unchanged, second.revised) == (1, 1, 1)
