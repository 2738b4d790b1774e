"""A tenth round of pairs: the values of the ninth in wordings written after the ninth was mended.

    python -m benchmarks.reading_round_ten [--pairs 60] [--show 1] [--seed 10]

Its figures at first sight were of wordings that the reader's authors had not seen. A rule of structure was written after they
were, though none of its words was taken up: what is held back is the eleventh.
"""

from __future__ import annotations

from benchmarks.reading_round_nine import run

WRAPS = {
    "en": ["Having checked the options, I'd go with {}.", "Conclusion → {}", "{} is what we were looking for.", "That leaves us with {}.",
           "As requested: {}", "{}\n\n(All steps were verified twice.)", "The figure comes to {}."],
    "de": ["Nach Abwägung entscheide ich mich für {}.", "Schluss → {}", "{} ist das, was gesucht war.", "Damit bleibt {}.", "Wie gewünscht: {}",
           "{}\n\n(Alle Schritte wurden geprüft.)"],
    "fr": ["Tout bien pesé, je choisis {}.", "Bilan → {}", "{} est ce que l'on cherchait.", "Il reste donc {}.", "Comme demandé : {}", "{}\n\n(Toutes les étapes ont été vérifiées.)"],
    "es": ["Sopesándolo todo, elijo {}.", "Balance → {}", "{} es lo que se buscaba.", "Nos queda {}.", "Como pediste: {}", "{}\n\n(Todos los pasos están comprobados.)"],
    "pt": ["Pesando tudo, escolho {}.", "Balanço → {}", "{} é o que se procurava.", "Resta-nos {}.", "Como pedido: {}", "{}\n\n(Todos os passos foram conferidos.)"],
    "it": ["Valutato tutto, scelgo {}.", "Bilancio → {}", "{} è ciò che si cercava.", "Ci rimane {}.", "Come richiesto: {}", "{}\n\n(Tutti i passaggi sono verificati.)"],
    "nl": ["Alles afwegend kies ik {}.", "Slotsom → {}", "{} is wat er werd gezocht.", "Dan blijft {} over.", "Zoals gevraagd: {}", "{}\n\n(Alle stappen zijn nagelopen.)"],
    "pl": ["Po rozważeniu wybieram {}.", "Bilans → {}", "{} to właśnie szukana rzecz.", "Pozostaje nam {}.", "Zgodnie z prośbą: {}", "{}\n\n(Wszystkie kroki sprawdzono.)"],
    "ru": ["Взвесив всё, выбираю {}.", "Вывод → {}", "{} — то, что требовалось найти.", "Остаётся {}.", "Как вы просили: {}", "{}\n\n(Все шаги проверены.)"],
    "sv": ["Efter övervägande väljer jag {}.", "Slutsats → {}", "{} är det som söktes.", "Kvar blir {}.", "Som önskat: {}", "{}\n\n(Alla steg är kontrollerade.)"],
    "ja": ["検討した結果、{}を選びます。", "結び → {}", "{}が求めるものです。", "残るのは{}です。", "ご依頼のとおり：{}", "{}\n\n（すべて確認済みです。）"],
    "zh": ["综合考虑，我选择{}。", "结语 → {}", "{}就是所要找的。", "剩下的是{}。", "按您的要求：{}", "{}\n\n（所有步骤均已核对。）"],
}  # fmt: skip
REFUTED = {
    "en": "{} fails the second condition.|We must set {} aside.|Nobody would accept {}.", "de": "{} verletzt die zweite Bedingung.|Niemand würde {} akzeptieren.",
    "fr": "{} viole la deuxième condition.|Personne n'accepterait {}.", "es": "{} incumple la segunda condición.|Nadie aceptaría {}.", "pt": "{} viola a segunda condição.|Ninguém aceitaria {}.",
    "it": "{} viola la seconda condizione.|Nessuno accetterebbe {}.", "nl": "{} schendt de tweede voorwaarde.|Niemand zou {} accepteren.", "pl": "{} łamie drugi warunek.|Nikt by nie przyjął {}.",
    "ru": "{} нарушает второе условие.|Никто не принял бы {}.", "sv": "{} bryter mot det andra villkoret.|Ingen skulle godta {}.", "ja": "{}は第二条件に反します。|{}は選べません。",
    "zh": "{}违反第二个条件。|没有人会接受{}。",
}  # fmt: skip
TORN = {
    "en": "{} at first glance, {} on reflection?|Anything from {} to {}.", "de": "Mal {}, mal {}.", "fr": "Tantôt {}, tantôt {}.", "es": "A veces {}, a veces {}.", "pt": "Ora {}, ora {}.",
    "it": "Ora {}, ora {}.", "nl": "Soms {}, soms {}.", "pl": "Raz {}, raz {}.", "ru": "То {}, то {}.", "sv": "Ibland {}, ibland {}.", "ja": "{}のときも{}のときもあります。", "zh": "有时{}，有时{}。",
}  # fmt: skip


def main() -> None:
    """Print the counts."""
    run(__doc__, 10, WRAPS, REFUTED, TORN)


if __name__ == "__main__":
    main()
