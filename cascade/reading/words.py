"""Words by which answers are told: yes and no, options, marks of a final answer, conclusions, in sixteen languages."""

from __future__ import annotations

import re
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TRUE: Final = _words(
    "yes true yeah yep ja wahr oui vrai sí si verdadero cierto sim verdadeiro sì vero да верно правда tak prawda "
    "waar evet doğru sant 是 "
    "是的 可以 可以的 对 對 正确 正確 真 はい そうです 네 예 맞습니다 참 हाँ हां सही सत्य نعم صحيح أجل richtig "
    "correct"
)
"""What says yes, case folded."""
FALSE: Final = _words(
    "no false nope nein falsch non faux falso não nao nee nej falskt hayır yanlış onwaar nie fałsz нет неверно ложь"
    " 否 不 不行 不可以 不能 不是 不对 不對 "
    "错误 錯誤 错 "
    "錯 假 いいえ 偽 違います 아니요 아니오 아닙니다 거짓 नहीं ग़लत गलत असत्य لا خطأ incorrect"
)
"""What says no, case folded."""
_BECAUSE = (
    r"because|since|as\b|for\b|due to|given that|which|but|although|weil"
    r"|omdat|want|ponieważ|gdyż|bo\b|denn|da\b|parce qu|car\b|puisqu|eftersom|därför att|çünkü"
    r"|porque|ya que|pois|"
    r"perché|poiché|потому что|так как|поскольку"
)
_RESERVE = (
    "aber|außer|mais|sauf|pero|salvo|mas|exceto|ma|tranne|maar|behalve|ale|z wyjątkiem|но|кроме|men|utom|ama|hariç"
    "|except|unless"
)
BECAUSE = re.compile(
    rf"[,،;；，、]\s?(?:{_RESERVE})\b|[\s,;，、–—(（-]{{0,6}}(?:(?<![^\W_])(?:{_BECAUSE})|因为|因為|由于|但|なぜなら|ただし|왜냐하면|하지만"
    rf"|क्योंकि|लेकिन|لأن|ولكن|باستثناء)",
    re.IGNORECASE,
)
"""The beginning of an explanation behind an answer."""
PRONOUN = re.compile(r"\s+(?:it|he|she|they|there|that|this|you|we|i|the)\b[^?]*$", re.IGNORECASE)
"""How a sentence goes on after yes or no: `Yes it is`."""

OPTION: Final = (
    r"(?:la|le|el|die|il)\s+(?=[(\[]?[A-Z][)\].]{0,2}\s*$)|(?:(?:the|la|el|le|il|die|a|o)\s+|l')?(?:correct\s+"
    r"|right\s+|best\s+)?(?:option|(?:answer )?choice|letter|answer|optie|keuze|antwoord|opcja|odpowiedź|wariant"
    r"|antwort|antwortmöglichkeit|buchstabe|réponse|"
    r"choix|opción|inciso|literal|respuesta|letra|opção|alternativa|resposta|opzione|risposta|lettera|вариант"
    r"|ответ|буква|выбор|विकल्प|"
    r"الخيار|الإجابة)\s*"
    r"|(?:选项|選項|选择|選擇|选|選|答案|選択肢|答え|보기|정답|선택지|선택)\s*"
)
"""Words before the label of an option."""
OPTION_END: Final = r"(?:です|だ|である|입니다|번|이다|番|项|項|है|选项)?"
"""Words after the label of an option."""

_ARROW = r"(?:[→⇒➡➔⟶]|[-=]>)\ufe0f?"
_TAG = r"[*_ \t\u00a0\"']{0,4}"


def _mark(noun: str, verbs: str, connectives: str) -> str:
    """Return the pattern of a mark: a noun and a colon, or a noun, a few words, a verb, connectives."""
    gap = r"(?:[ \t]+(?:[^\W\d_]{2,}|[àaeyo])){0,4}?[ \t]+"
    return (
        rf"\b(?:eind|end|slut)?{noun}\b{_TAG}(?:{gap}(?:{verbs})(?=\W)(?:,?\s+(?:{connectives})\b,?)*\s*[:：]?"
        rf"|\s*(?:[:：=]|{_ARROW})"
        rf"|[ \t][-–—]\s"
        rf"|(?:\s+[^\W\d_]{{2,}}){{1,2}}{_TAG}[:：]|\s?\(\w+\){_TAG}[:：])"
    )


_EN = (
    (
        "is|was|are|would be|should be|must be|will be|(?:comes out|works out|comes|amounts|adds up) to(?: be)?|equals"
        "|seems to be|turns out to be|stays|remains"
    ),
    "that|therefore|thus|then|hence|simply|clearly|approximately|now|indeed|actually|just|also|in fact|of course",
)
_DE = ("ist|lautet|wäre|beträgt|heißt|war|sind", "also|daher|somit|demnach|folglich|deshalb|nun|damit|dann|einfach")
_FR = ("est|serait|vaut|était|sont", "donc|alors|ainsi|par conséquent|simplement")
_ES = ("es|sería|son|era|será", "por lo tanto|por tanto|entonces|pues|así|simplemente")
_PT = ("é|seria|são|era|será", "portanto|então|assim|logo|simplesmente")
_IT = ("è|sarebbe|sono|era|sarà", "quindi|dunque|perciò|allora|semplicemente")
_NL = ("is|zou|luidt|bedraagt|wordt|zijn|was", "dus|daarom|dan|zo|derhalve|nu|gewoon")
_PL = ("to|jest|brzmi|wynosi|jest równy|jest równa", "zatem|więc|czyli|to|po prostu|dlatego")
_TR = ("şudur|şöyledir|budur", "o halde|yani|dolayısıyla")
_SV = ("är|blir|var|lyder", "alltså|därför|således|då|därmed")
_ALS = (
    r"\bals (?:end)?(?:antwort|ergebnis)[*_ ]*[:：]?(?=\s)"
    r"(?:\s(?:erhalten|erhalte|bekommen|ergibt|folgt|haben|habe)(?:\s(?:wir|ich|sich))?)?"
)
_DE_TURNED = r"\b(?:ist|lautet|wäre|beträgt)(?: also| somit| demnach| daher)? "
_MARKS: Final = {
    **{noun: _mark(noun, *_EN) for noun in ("answer", "result", "solution")},
    **{noun: _mark(noun, *_DE) for noun in ("antwort", "ergebnis", "lösung")},
    **{noun: _mark(noun, *_FR) for noun in ("réponse", "résultat")},
    **{noun: _mark(noun, *_ES) for noun in ("respuesta", "solución")},
    **{noun: _mark(noun, *_PT) for noun in ("resposta", "solução", "gabarito")},
    **{noun: _mark(noun, *_IT) for noun in ("risposta", "risultato", "soluzione")},
    **{noun: _mark(noun, *_NL) for noun in ("antwoord", "resultaat", "oplossing", "uitkomst")},
    **{noun: _mark(noun, *_PL) for noun in ("odpowiedź", "wynik", "rozwiązanie")},
    **{noun: _mark(noun, *_TR) for noun in ("cevap", "yanıt")},
    "svar": _mark("svar(?:et)?", *_SV),
    "lösning": _mark("lösning(?:en)?", *_SV),
    "sultat": _mark("resultat(?:et)?", f"{_SV[0]}|{_NL[0]}", _SV[1]),
    "resultado": _mark("resultado", f"{_ES[0]}|{_PT[0]}", f"{_ES[1]}|{_PT[1]}"),
    "als antwort": _ALS,
    "als ergebnis": _ALS,
    "as the answer": r"\bas the answer[*_ ]*[:：]",
    "####": r"####+[ \t]*(?:(?:final )?answer:?)?",
    "boxed": r"\\f?boxed\s?\{",
    "<answer>": r"<answer>|<final_answer>|<\|begin_of_box\|>",
    "ans": r"(?<![\w])ans ?[:=]",
    "a:": r"(?<![\w])a:",
    "option is": r"\b(?:correct|right|best) (?:option|choice|one)(?: is|[:：])",
    "choice is": r"\b(?:correct|right|best) (?:option|choice|one)(?: is|[:：])",
    "ig ist": r"\b(?:richtig|korrekt) (?:ist|wäre)(?: aber| also| daher| vielmehr| hingegen)?\s?[:：]?(?=\s)",
    "e antwort": r"\b(?:ist|lautet|wäre)(?: also| somit| demnach| daher)? die(?: \w+)? (?:end)?antwort[*_ ]*[:：]?",
    "s ergebnis": rf"{_DE_TURNED}das(?: \w+)? ergebnis[*_ ]*[:：]?",
    "s endergebnis": rf"{_DE_TURNED}das(?: \w+)? endergebnis[*_ ]*[:：]?",
    "e lösung": rf"{_DE_TURNED}die(?: \w+)? lösung[*_ ]*[:：]?",
    "ответ": rf"\bответ{_TAG}(?:\b(?:равен|будет|таков)\b|[:：=]|(?<!\n)[-–—](?=[ \t])){_TAG}",
    "результат": rf"\bрезультат{_TAG}(?:\b(?:равен|будет)\b|[:：=]|(?<!\n)[-–—](?=[ \t])){_TAG}",
    "答案": rf"(?:答案|正确选项|正確選項){_TAG}"
    r"(?:就是|应该是|應該是|应为|應為|是|为|為|[選选](?![项項择擇]))?\s*[:：]?",
    "结果": rf"结果{_TAG}(?:就是|应该是|是|为|如下)?\s*[:：]?",
    "终结果": r"最终结果(?:就是|应该是|是|为|如下)\s*[:：]?",
    "おり": r"(?:結果|答え|回答)は?(?:次|以下|下記)の(?:とおり|通り)(?:です|である|だ)?[。:：]",
    "の通り": r"(?:結果|答え|回答)は?(?:次|以下|下記)の通り(?:です|である|だ)?[。:：]",
    "答：": r"答[:：]",
    "答え": rf"答え{_TAG}(?:は|[:：])[、,]?",
    "正解": rf"正解{_TAG}(?:は|[:：])[、,]?",
    "回答": rf"回答{_TAG}(?:は|是|[:：])[、,]?",
    "解答": rf"解答{_TAG}(?:は|[:：])[、,]?",
    "같습니다": r"(?:결과|답|정답|답변)(?:는|은) (?:다음|아래)과 같습니다[.:：]?",
    "결과": rf"결과{_TAG}(?:(?:는|은)(?: (?:다음|아래)과 같습니다)?[.:：]?|[:：])",
    "답": rf"(?:정답|답변|해답|최종 답|답){_TAG}(?:(?:은|는)(?: (?:다음|아래)과 같습니다)?[.:：]?|[:：])",
    "उत्तर": rf"(?:उत्तर|जवाब){_TAG}(?:\s*है)?\s*[:：]?",
    "जवाब": rf"जवाब{_TAG}(?:\s*है)?\s*[:：]?",
    "إجاب": rf"(?:الإجابة|إجابة)(?: الصحيحة| النهائية)?{_TAG}(?:\s*(?:هي|هو))?\s*[:：]?",
    "نتيجة": rf"(?:النتيجة|نتيجة)(?: النهائية)?{_TAG}(?:\s*(?:هي|هو))?\s*[:：]?",
    "جواب": rf"(?:الجواب|جواب)(?: الصحيح| النهائي)?{_TAG}(?:\s*(?:هو|هي))?\s*[:：]?",
}  # fmt: skip
MARKS: Final = tuple((stem, re.compile(pattern, re.IGNORECASE)) for stem, pattern in _MARKS.items())
"""Marks of a final answer, each with a stem, case folded, without which it does not occur."""
HEADING = re.compile(
    r"^[#>*_✅ \t]*(?:(?:the |my )?(?:final )?answer|(?:final )?result|(?:end)?antwort|(?:end)?ergebnis"
    r"|lösung|(?:la )?réponse(?: finale)?"
    r"|résultat|(?:la )?respuesta(?: final)?|(?:el )?resultado|resposta(?: final)?|risposta(?: finale)?"
    r"|risultato|(?:最终|最終)?(?:答案|回答|答え)"
    r"|解答|正解|결과|结果|結果|(?:최종 )?(?:정답|답변|답)|(?:eind)?antwoord|(?:eind)?resultaat|oplossing|uitkomst"
    r"|(?:slut)?(?:svar|resultat)(?:et)?|(?:nihai )?(?:cevap|yanıt|sonuç)|(?:ostateczna )?odpowiedź|wynik|rozwiązanie"
    r"|(?:итоговый )?ответ|результат|(?:अंतिम )?(?:उत्तर"
    r"|जवाब)|(?:ال)?(?:إجابة|جواب)(?: النهائية)?"
    r")[*_ \t:：]*\n",
    re.IGNORECASE | re.MULTILINE,
)
"""A line that is nothing but a mark of the final answer."""
LINE_MARKS: Final = frozenset({"ans", "a:", "答：", "结果", "결과"})
"""Marks that count at the beginning of a line only."""

ASIDE = re.compile(r"[,，]?\s+(?:I (?:believe|think|guess|suppose)|if I'm not mistaken|of course)[.!]?$", re.IGNORECASE)
"""An aside at the end of a phrase."""
ENDINGS: Final = (
    "이 됩니다", "가 됩니다", "이 된다", "가 된다",
    "になりました", "となりました", "になります", "となります", "になる", "となる", "でしょう",
    "となった", "である", "でした", "です", "だ",
    "입니다요", "입니다", "이에요", "예요", "이다", "होगा", "हैं", "है", "था",
)  # fmt: skip
"""Copulas at the end of a sentence."""
COPULA = re.compile(
    r"\s(?:is het|is|was|are|were|equals|=|ist|sind|war|waren|lautet|beträgt|est|sont|était|es|son|fue|era|é|são"
    r"|foi|è|sono|—|–|"
    r"является|c'est|är|blir|jest to|zijn|luidt|bedraagt|wynosi|jest|это|составляет|равно|равна|равен|هو|هي|called"
    r"|named)\s+|(?:就是|是"
    r"|等于|等於|为|為|は|은 |는 "
    r"|이 |가 )|(?<![\d ])[:：]\s|(?<=\D )[:：]\s",
    re.IGNORECASE,
)
"""What stands between a subject and what is said about it."""
CONCLUSION = re.compile(
    r"^[\s*_#>-]*(?:so|therefore|thus|hence|in total|altogether|in conclusion|consequently|finally|overall"
    r"|also|insgesamt|daher|"
    r"somit|folglich|dus|daarom|derhalve|zatem|więc|czyli|dlatego|donc|ainsi|en tout|au total|par conséquent|por "
    r"lo tanto|por tanto|así que|en total"
    r"|portanto|logo|assim|"
    r"alltså|därför|således|dolayısıyla|yani|no total|quindi|dunque|perciò|in totale|итак|следовательно|таким"
    r" образом|всего|значит|所以|因此|总共"
    r"|總共|一共|综上|故|"
    r"즉|したがって|よって|つまり|だから|ゆえに|合計|따라서|그러므로|그래서|총|इसलिए|अतः|कुल|لذلك|إذن|إذا|بالتالي)(?!(?<=[a-zà-ÿа-яё])[a-zà-ÿа-яё])",
    re.IGNORECASE,
)
"""The beginning of a sentence that concludes."""
OR = re.compile(
    r"\s(?:or|oder|ou|o|lub|albo|eller|ya da|veya|или|либо|या|أو)\s|或者?|または|もしくは|또는", re.IGNORECASE
)
"""What stands between alternatives."""
NOT = re.compile(
    r"^(?:(?:not|never|cannot be|inte|nicht|kein\w*|niet|geen"
    r"|nie|pas|no|não|non|ne|не|नहीं|ليست?)\s+|不是|并非|並非)(?=\w)",
    re.IGNORECASE,
)
"""The beginning of a phrase that denies what follows."""
NEGATIONS: Final = _words(
    "not no never neither nor n't without nicht kein keine nie niet geen nooit bez pas ne non jamais aucun nunca "
    "ni não nem "
    "cannot inte icke ej ingen inget inga aldrig değil olamaz mai "
    "не нет ни 不 没 沒 非 未 無 ない 안 नहीं मत لا ليس ليست لست"
    " لم لن غير niemals tampoco sin sans ohne zonder utan без никогда"
)
"""Words that deny."""
FREE_TEXT: Final = _words(
    "reasoning explanation rationale thought thoughts thinking analysis justification chain_of_thought "
    "cot steps comment comments notes work working confidence"
)
"""Keys of JSON for free text and for confidence, which are no part of the answer."""
COUNTED: Final = _words(
    "step no no. nr nr. number question part chapter section figure table page line item option example "
    "version phase day schritt frage kapitel seite étape paso pregunta página passo шаг вопрос глава"
)
"""Words whose number is an ordinal, as in `Step 3`."""
BEFORE_AMOUNTS: Final = _words(
    "total sum the he she it they we i is about only there so thus answer result exactly approximately "
    "nearly antwoord resultaat totaal odpowiedź wynik razem insgesamt antwort ergebnis summe donc résultat "
    "respuesta resultado resposta risposta "
    "risultato ответ итого всего svar svaret resultat cevap yanıt either or entweder o ou of soit albo либо ya antingen"
)
"""Words that may be written with a capital before an amount, and make no name with it."""
VERDICTS: Final = _words(
    "correct right wrong incorrect richtig falsch korrekt correcte juste correcta correcto incorrecta correta correto "
    "corretta corretto giusta sbagliata 正确 正確 错误 верно неверно"
)
"""What is said of an answer, and is none."""
