"""An eleventh round of pairs, held back until version 6 of the reader, which was mended for some of them.

    python -m benchmarks.reading_round_eleven [--pairs 8] [--show 1] [--seed 11]

Its figures at first sight estimate how wordings are read that the reader's authors have not seen. It shares no code, tables
or templates with the reader or with the rounds before; its sentences name what was asked for (a seat, a bill), tell the person
what to write down, or report to a customer. Czech and Indonesian are languages that the reader does not claim. Whoever mends
the reader for one of its pairs says so in RESULTS/reading.md and writes a twelfth.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from benchmarks.reading_tally import ReadingTally, arguments

LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "sv", "tr", "ja", "zh", "ko", "ar", "hi", "cs", "id"]
WRAPS = {
    "en": ["{} it is!", "Put down {} and move on.", "Done! I've updated your request, and it now reads {}.", "Reading this off the chart, you'd want {}.", "There you have it: {}",
           "| Item | Value |\n|---|---|\n| requested | {} |", "Q: what was asked?\nA: {}", "For this one, my vote goes to {}.", "<final>{}</final>"],
    "de": ["Trag dort {} ein.", "Erledigt! Bei dir steht jetzt {}.", "Meine Stimme geht an {}.", "Wenn man es nachschlägt, findet man {}.", "Bitte sehr: {}", "F: Was war gefragt?\nA: {}"],
    "fr": ["Inscris {} dans la case.", "C'est fait ! Ton dossier indique maintenant {}.", "Mon vote va à {}.", "En le lisant sur le graphique, on voit {}.", "Et voilà : {}", "Q : que demandait-on ?\nR : {}"],
    "es": ["Escribe {} en la casilla.", "¡Listo! Tu solicitud ahora dice {}.", "Mi voto es para {}.", "Mirando el gráfico se lee {}.", "Ahí lo tienes: {}", "P: ¿qué se pedía?\nR: {}"],
    "pt": ["Escreva {} no campo.", "Pronto! O seu pedido agora diz {}.", "Meu voto vai para {}.", "Olhando o gráfico, lê-se {}.", "Aí está: {}", "P: o que se pedia?\nR: {}"],
    "it": ["Scrivi {} nella casella.", "Fatto! La tua richiesta ora riporta {}.", "Il mio voto va a {}.", "Guardando il grafico si legge {}.", "Ecco qui: {}", "D: che cosa si chiedeva?\nR: {}"],
    "nl": ["Vul daar {} in.", "Klaar! In je aanvraag staat nu {}.", "Mijn stem gaat naar {}.", "In de grafiek lees je {} af.", "Alsjeblieft: {}", "V: wat werd gevraagd?\nA: {}"],
    "pl": ["Wpisz tam {}.", "Gotowe! W twoim zgłoszeniu jest teraz {}.", "Mój głos oddaję na {}.", "Z wykresu odczytujemy {}.", "Proszę bardzo: {}", "P: o co pytano?\nO: {}"],
    "ru": ["Впишите туда {}.", "Готово! В вашей заявке теперь указано {}.", "Мой голос за {}.", "По графику читаем {}.", "Пожалуйста: {}", "В: что спрашивали?\nО: {}"],
    "sv": ["Skriv in {} där.", "Klart! I din ansökan står det nu {}.", "Min röst går till {}.", "I diagrammet läser man av {}.", "Varsågod: {}", "F: vad frågades det efter?\nS: {}"],
    "tr": ["Oraya {} yazın.", "Tamamdır! Talebinizde artık {} yazıyor.", "Benim oyum {} için.", "Grafikten {} okunuyor.", "Buyurun: {}", "S: ne soruldu?\nC: {}"],
    "ja": ["そこには{}と書いてください。", "完了しました。お申し込みは現在{}になっています。", "私なら{}に一票です。", "グラフから{}と読み取れます。", "はい、どうぞ：{}", "問：何を聞かれましたか。\n答：{}"],
    "zh": ["请在那里填写{}。", "已完成！您的申请现在显示{}。", "我投{}一票。", "从图上读出{}。", "请看：{}", "问：问的是什么？\n答：{}"],
    "ko": ["거기에 {}라고 적으세요.", "완료했습니다! 신청서에는 이제 {}로 되어 있습니다.", "저는 {}에 한 표입니다.", "그래프에서 {}를 읽을 수 있습니다.", "여기 있습니다: {}", "문: 무엇을 물었나요?\n답: {}"],
    "ar": ["اكتب {} في الخانة.", "تم! طلبك يظهر الآن {}.", "صوتي يذهب إلى {}.", "نقرأ من الرسم {}.", "تفضل: {}", "س: ما المطلوب؟\nج: {}"],
    "hi": ["वहाँ {} लिख दीजिए।", "हो गया! आपके अनुरोध में अब {} दर्ज है।", "मेरा वोट {} को जाता है।", "चार्ट से {} पढ़ा जाता है।", "लीजिए: {}", "प्र: क्या पूछा गया था?\nउ: {}"],
    "cs": ["Napište tam {}.", "Hotovo! Ve vaší žádosti je teď {}.", "Můj hlas má {}.", "Odpověď je {}.", "Prosím: {}", "Z grafu vyčteme {}."],
    "id": ["Tuliskan {} di kotak itu.", "Selesai! Permintaan Anda kini berisi {}.", "Suara saya untuk {}.", "Jawabannya adalah {}.", "Silakan: {}", "Dari grafik terbaca {}."],
}  # fmt: skip
NAMED = {
    "en": "The seat next to hers carries number {}.|Their bill adds up to {} altogether.", "de": "Der Platz neben ihr trägt die Nummer {}.|Die Rechnung beläuft sich insgesamt auf {}.",
    "fr": "Le siège voisin porte le numéro {}.|La facture s'élève en tout à {}.", "es": "El asiento contiguo lleva el número {}.|La cuenta asciende en total a {}.",
    "pt": "O assento ao lado tem o número {}.|A conta soma ao todo {}.", "it": "Il posto accanto porta il numero {}.|Il conto ammonta in tutto a {}.",
    "nl": "De stoel ernaast draagt nummer {}.|De rekening bedraagt in totaal {}.", "pl": "Sąsiednie miejsce ma numer {}.|Rachunek wynosi łącznie {}.",
    "ru": "Соседнее место имеет номер {}.|Счёт составляет в сумме {}.", "sv": "Platsen bredvid har nummer {}.|Notan uppgår sammanlagt till {}.", "tr": "Yandaki koltuğun numarası {}.|Hesap toplamda {} tutuyor.",
    "ja": "隣の席の番号は{}です。|お会計は合わせて{}になります。", "zh": "旁边座位的号码是{}。|账单总共为{}。", "ko": "옆자리 번호는 {}입니다.|계산서는 모두 합해 {}입니다.",
    "ar": "رقم المقعد المجاور هو {}.|يبلغ مجموع الفاتورة {}.", "hi": "बगल की सीट का नंबर {} है।|बिल कुल मिलाकर {} बनता है।", "cs": "Vedlejší sedadlo má číslo {}.|Účet činí celkem {}.",
    "id": "Kursi di sebelahnya bernomor {}.|Tagihannya berjumlah {}.",
}  # fmt: skip
REJECTED = {
    "en": "With {} the train would already have left.|A friend of mine guessed {}, and I doubt that.|{} was last year's figure.", "de": "Mit {} wäre der Zug schon weg.|Letztes Jahr waren es {}.",
    "fr": "Avec {}, le train serait déjà parti.|L'an dernier, c'était {}.", "es": "Con {}, el tren ya habría salido.|El año pasado eran {}.", "pt": "Com {}, o trem já teria partido.|No ano passado eram {}.",
    "it": "Con {} il treno sarebbe già partito.|L'anno scorso erano {}.", "nl": "Met {} was de trein al weg.|Vorig jaar waren het er {}.", "pl": "Przy {} pociąg już by odjechał.|W zeszłym roku było {}.",
    "ru": "При {} поезд уже ушёл бы.|В прошлом году было {}.", "sv": "Med {} hade tåget redan gått.|Förra året var det {}.", "tr": "{} olsaydı tren çoktan kalkmıştı.|Geçen yıl {} idi.",
    "ja": "{}では列車に間に合いません。|昨年は{}でした。", "zh": "若是{}，火车早就开走了。|去年是{}。", "ko": "{}라면 기차는 이미 떠났을 것입니다.|작년에는 {}였습니다.",
    "ar": "مع {} يكون القطار قد غادر.|في العام الماضي كان {}.", "hi": "{} पर तो ट्रेन जा चुकी होती।|पिछले साल यह {} था।", "cs": "S {} by vlak už odjel.|Loni to bylo {}.",
    "id": "Dengan {} keretanya sudah berangkat.|Tahun lalu angkanya {}.",
}  # fmt: skip
BETWEEN = {
    "en": "Some say {}, others {}.", "de": "Die einen sagen {}, die anderen {}.", "fr": "Certains disent {}, d'autres {}.", "es": "Unos dicen {}, otros {}.", "pt": "Uns dizem {}, outros {}.",
    "it": "Alcuni dicono {}, altri {}.", "nl": "De een zegt {}, de ander {}.", "pl": "Jedni mówią {}, inni {}.", "ru": "Одни говорят {}, другие {}.", "sv": "Somliga säger {}, andra {}.",
    "tr": "Kimi {} diyor, kimi {}.", "ja": "{}という人もいれば、{}という人もいます。", "zh": "有人说{}，有人说{}。", "ko": "누구는 {}, 누구는 {}라고 합니다.", "ar": "البعض يقول {} والبعض {}.",
    "hi": "कोई {} कहता है, कोई {}।", "cs": "Jedni říkají {}, druzí {}.", "id": "Ada yang bilang {}, ada yang bilang {}.",
}  # fmt: skip
AND = dict(zip(LANGUAGES, ["and", "und", "et", "y", "e", "e", "en", "i", "и", "och", "ve", "と", "和", "와", "و", "और", "a", "dan"], strict=True))  # fmt: skip
YES_NO = {
    "en": "Yes, you may.|No, you may not.|Yes|No", "de": "Ja, das geht.|Nein, das geht nicht.|Ja|Nein", "fr": "Oui, c'est possible.|Non, ce n'est pas possible.|Oui|Non",
    "es": "Sí, se puede.|No, no se puede.|Sí|No", "pt": "Sim, pode.|Não, não pode.|Sim|Não", "it": "Sì, si può.|No, non si può.|Sì|No", "nl": "Ja, dat kan.|Nee, dat kan niet.|Ja|Nee",
    "pl": "Tak, można.|Nie, nie można.|Tak|Nie", "ru": "Да, можно.|Нет, нельзя.|Да|Нет", "sv": "Ja, det går.|Nej, det går inte.|Ja|Nej", "tr": "Evet, olur.|Hayır, olmaz.|Evet|Hayır",
    "ja": "はい、できます。|いいえ、できません。|はい|いいえ", "zh": "是的，可以。|不，不可以。|是|不是", "ko": "네, 됩니다.|아니요, 안 됩니다.|네|아니요",
    "ar": "نعم، يمكن ذلك.|لا، لا يمكن ذلك.|نعم|لا", "hi": "हाँ, हो सकता है।|नहीं, नहीं हो सकता।|हाँ|नहीं", "cs": "Ano, lze.|Ne, nelze.|Ano|Ne", "id": "Ya, boleh.|Tidak, tidak boleh.|Ya|Tidak",
}  # fmt: skip
MONTHS = {
    "en": "February June November", "de": "Februar Juni November", "fr": "février juin novembre", "es": "febrero junio noviembre", "pt": "fevereiro junho novembro",
    "it": "febbraio giugno novembre", "nl": "februari juni november", "pl": "lutego czerwca listopada", "ru": "февраля июня ноября", "sv": "februari juni november", "tr": "Şubat Haziran Kasım",
    "ar": "فبراير يونيو نوفمبر", "hi": "फ़रवरी जून नवंबर", "cs": "února června listopadu", "id": "Februari Juni November",
}  # fmt: skip
COMMA = {"de", "fr", "es", "pt", "it", "nl", "pl", "ru", "sv", "tr", "cs", "id"}
CITIES = ["Tallinn", "Bergen", "Porto Alegre", "Leipzig", "Kraków", "Gdańsk"]
DISHES = ["lentil soup", "rice pudding", "onion tart", "fish stew"]


def say(kind: str, truth: Any, language: str, rng: Random) -> str:
    """Write a value, without the words around it."""
    join = AND[language] if language in ("ja", "zh") else f" {AND[language]} "
    match kind:
        case "amount":
            text = f"{truth / 100:.2f}"
            text = text.replace(".", ",") if language in COMMA else text
            return rng.choice([f"{text} EUR", f"€{truth / 100:.2f}" if language not in COMMA else f"{text} €"])
        case "length":
            return rng.choice(["{0} m", "**{0} m**", "{1} cm", "{0}m"]).format(truth, truth * 100)
        case "percent":
            return rng.choice(["{} %", "{}%", "**{}%**", r"${}\%$"]).format(truth)
        case "half":
            return rng.choice([r"\(\frac{{{0}}}{{{1}}}\)", "{0}/{1}", r"$\frac{{{0}}}{{{1}}}$"]).format(*truth)
        case "train":
            return rng.choice([f"{truth // 60:02}:{truth % 60:02}", f"**{truth // 60:02}:{truth % 60:02}**"])
        case "day":
            if language in ("ja", "zh"):
                return rng.choice([f"{truth:%Y}年{truth.month}月{truth.day}日", f"{truth:%Y-%m-%d}"])
            if language == "ko":
                return rng.choice([f"{truth:%Y}년 {truth.month}월 {truth.day}일", f"{truth:%Y-%m-%d}"])
            month = MONTHS[language].split()[(2, 6, 11).index(truth.month)]
            point = "." if language in ("de", "cs") else ""
            link = " de " if language in ("es", "pt") else " "
            return rng.choice([f"{truth.day}{point}{link}{month}{link}{truth:%Y}", f"{truth:%Y-%m-%d}"])
        case "option":
            return rng.choice(["({0})", "**{0}**", "{0}", "{0}: {1}", "{0}. {1}"]).format("ABCD"[truth], DISHES[truth])
        case "city":
            return rng.choice(["{}", "**{}**", "*{}*"]).format(CITIES[truth])
        case "names":
            items = [CITIES[at] for at in truth]
            return rng.choice([", ".join(items), ", ".join(items[:-1]) + join + items[-1], "; ".join(items)])
        case "figures":
            return rng.choice([", ".join(map(str, truth)), "[" + ", ".join(map(str, truth)) + "]"])
        case "order":
            made = {"sku": "K-17", "count": truth}
            return rng.choice([json.dumps(made), "```json\n" + json.dumps(made, indent=2) + "\n```"])
    return rng.choice(["{}", "**{}**", "`{}`"]).format(truth)


DRAWS: dict[str, Callable[[Random], Any]] = {
    "seat": lambda r: r.randrange(1, 900),
    "count": lambda r: r.randrange(-40, 900),
    "amount": lambda r: r.randrange(100, 90_000),
    "length": lambda r: r.randrange(2, 90),
    "percent": lambda r: r.randrange(1, 100),
    "half": lambda r: r.choice([(1, 2), (2, 3), (3, 4), (5, 8), (7, 9), (4, 7)]),
    "train": lambda r: r.randrange(60, 1440),
    "day": lambda r: date(2024, r.choice([2, 6, 11]), 1) + timedelta(days=r.randrange(28)),
    "option": lambda r: r.randrange(4),
    "city": lambda r: r.randrange(len(CITIES)),
    "names": lambda r: tuple(sorted(r.sample(range(len(CITIES)), 3))),
    "figures": lambda r: tuple(r.randrange(1, 60) for _ in range(4)),
    "order": lambda r: r.randrange(1, 40),
    "allowed": lambda r: r.random() < 0.5,
    "rejected": lambda r: r.randrange(2, 900),
    "between": lambda r: r.randrange(2, 900),
}
UNEQUAL_ONLY = {"rejected": REJECTED, "between": BETWEEN}


def wrapped(kind: str, truth: Any, language: str, rng: Random) -> str:
    """Word a whole answer."""
    if kind == "allowed":
        return rng.choice(YES_NO[language].split("|")[0 if truth else 1 :: 2])
    if kind == "order":
        return say(kind, truth, language, rng)
    templates = WRAPS[language] if rng.random() < 0.85 else ["{}"]
    if kind in ("seat", "amount") and rng.random() < 0.4:
        templates = [NAMED[language].split("|")[0 if kind == "seat" else 1]]
    return rng.choice(templates).format(say(kind, truth, language, rng))


def near(kind: str, truth: Any, rng: Random) -> Any:
    """Return a truth that differs, by little where that is possible."""
    while True:
        found = DRAWS[kind](rng)
        if kind == "figures":
            at = rng.randrange(len(truth))
            found = rng.choice([(*truth[:at], found[at], *truth[at + 1 :]), truth[::-1], truth[:-1]])
        elif kind in ("seat", "count", "amount", "length", "train") and rng.random() < 0.4:
            found = truth + rng.choice([1, 10, 100])
        elif kind == "count" and rng.random() < 0.4:
            found = -truth
        if found != truth:
            return found


def main() -> None:
    """Print the counts."""
    given = arguments(__doc__, pairs=8, show=1, seed=11)
    rng, tally = Random(given.seed), ReadingTally(given.show)
    for kind, draw in DRAWS.items():
        for language in LANGUAGES:
            for _ in range(given.pairs):
                truth = draw(rng)
                if kind in UNEQUAL_ONLY:
                    pair = [truth, near("seat", truth, rng)]
                    rng.shuffle(pair)
                    template = rng.choice(UNEQUAL_ONLY[kind][language].split("|"))
                    said = template.format(truth) if template.count("{}") == 1 else template.format(*pair)
                    tally.see(kind, language, said, wrapped("seat", truth, language, rng), equal=False)
                    continue
                for theirs in (truth, near(kind, truth, rng)):
                    pair = [wrapped(kind, value, language, rng) for value in (truth, theirs)]
                    tally.see(kind, language, *pair, equal=theirs == truth)
    tally.show(DRAWS, LANGUAGES)


if __name__ == "__main__":
    main()
