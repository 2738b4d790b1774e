"""Wordings around an answer that say nothing of it: offers of more, leads into a summary, verbs of arrival."""

from __future__ import annotations

import re
from typing import Final

MAX_OFFER: Final = 240
"""Longest last paragraph, in characters, that is an offer of more."""
MAX_LEAD: Final = 60
"""Most characters before a verb of arrival."""

OFFER = re.compile(
    r"\b(?:let me know|feel free|would you like|want me to|happy to|glad to|hope (?:this|that) helps|if you(?:'d| "
    r"would)? "
    r"(?:like|want|need|have)|sag\w* (?:mir )?(?:einfach )?bescheid|lass\w* (?:es )?mich|möchtest du|möchten sie"
    r"|soll ich"
    r"|gerne? (?:erkläre|zeige)|falls du|wenn du|n'hésite\w*|souhait\w+|voulez-vous|dites-moi|dis-moi|si (?:vous|tu)"
    r"|avísame|avíseme|dime|dígame|quieres que|si (?:quieres|deseas|necesitas)|no dudes"
    r"|se (?:quiser|precisar|desejar)|me avise|quer que|fammi|fatemi|vuoi che|se (?:vuoi|desideri|hai)|laat het me"
    r"|als je|wil je dat|daj znać|jeśli (?:chcesz|potrzebujesz)|chętnie)\b"
    r"|дай(?:те)? знать|если (?:нужн|хотите|хочешь|вам|есть)|обращайтесь|お知らせ|お気軽に|必要(?:でし|なら|であれ)"
    r"|如果(?:你|您|需要|还有|想)|如有|请告诉|随时|말씀해|알려 ?주|필요하시|궁금하",
    re.IGNORECASE,
)
"""Words of an offer of more."""
CONTRAST = re.compile(
    r"\b(?:but|however|actually|wait|instead|correction|aber|jedoch|eigentlich|sondern|mais|cependant|pero|sino|embargo"
    r"|mas|porém|ma|però|invece|maar|echter|ale|jednak|но|однако)\b|しかし|ただし|但|不过|其实|하지만|그러나",
    re.IGNORECASE,
)
"""Words after which something else holds than before."""
SUMMARY = re.compile(
    r"(?:^|\n)[\s*_#>✅-]*(?:tl;?dr|(?:in )?(?:short|brief|summary|conclusion)|to sum up|short answer|bottom line"
    r"|verdict"
    r"|kurz(?: gesagt|um"
    r"|antwort)?|fazit|zusammen(?:fassung|gefasst)|(?:en )?(?:bref|résumé|conclusion)|(?:en )?(?:resumen"
    r"|conclusión|breve)"
    r"|resumindo|(?:em )?(?:resumo|suma|conclusão)|(?:in )?(?:breve|sintesi|conclusione)|riassumendo|kort(?:om| gezegd)"
    r"|samengevat|conclusie|w skrócie|podsumowując|krótko mówiąc|wniosek|(?:если )?(?:коротко|кратко)|вывод|итог[ои]?"
    r"|zusammenfassend|abschließend|concluderend|в заключение|sonuç olarak|özetle|kısaca|sammanfattningsvis|kort"
    r" sagt|slutsats"
    r"|निष्कर्ष|संक्षेप में|باختصار|الخلاصة|结论是|結論|まとめ|要約|要するに|简而言之|总之|总结|结论|總結|요약"
    r"|결론)[*_]{0,2}\s*[:：][*_]{0,2}[ \t]*(?=\S[^\n]*\Z|\n)",
    re.IGNORECASE,
)
"""The lead of a line that sums up."""
_ARRIVAL = re.compile(
    r"(?:^|[\s,:])(?:(?:i|we|you|one) (?:get|got|obtain|find|arrived? at|came to|come to|end up with|are left with)"
    r"|(?:comes|works) "
    r"out (?:to|at)"
    r"|ends? up (?:at|as|being)|gives(?: us| you)?|yields|leaves us with|should be|must be|has to be"
    r"|stays|remains|lands? on|settles? on|bleibt(?: es)?(?: bei)?|lande(?:n wir)? bei|tomb(?:e|ons) sur|llego a"
    r"|chego a|arriv(?:iamo|o) a"
    r"|komen we op|docho(?:dzimy|dzę) do|приходим к|прихожу к|hamnar (?:vi|jag) på|komme(?:n wir)? auf|erhält man"
    r"|erhalten wir|erhalte ich|bekomm\w+ (?:wir|man|ich)|ergibt(?: sich)?|macht|folgt"
    r"|ich erhalte|wir erhalten|(?:je|nous|on) (?:trouv|obtien|arriv)\w+(?: donc)?(?: à)?|donne(?: donc)?"
    r"|obtenemos|obtengo|(?:me|nos) (?:sale|da|queda)|queda|llegamos a|obtemos|temos|obtenho|cheg(?:uei|amos) a|isso dá"
    r"|otteniamo|ottengo|si (?:ottiene|arriva a)|(?:ci|mi) (?:dà|risulta)|krijgen we|(?:we|ik) krijg(?:en)?"
    r"|kom(?:en we)? uit op|kom ik op|geeft(?: ons)?|is het|otrzymujemy(?: zatem)?|dostajemy|mamy|wychodzi"
    r"|daje(?: nam)?"
    r"|получаем|получается|получилось|выходит|да[её]т)[\s:]+(?:us |das )?(?=\S)"
    r"|(?:以上より[、,]?|由此可得|可得|이로써|得到|算出来是|得出|等于|計算すると|계산하면)\s*",
    re.IGNORECASE,
)


BOLD_END = re.compile(r"^(?=\s*[^*\s])[^*]+\*\*([^*\n]{1,200})\*\*[\s.。!！]*(?:\w{1,6}[.。]?)?$")
"""The one bold part of a sentence, at its end."""
DENIED = re.compile("不是|不等|不为|并非|並非|没有|ではな|ではあり|じゃな|でない|않|아니(?!요|오)|아닙니다|नहीं")
"""What denies in scripts that write no blanks around it, or behind what it denies."""
CONDITION = re.compile(
    r"\b(?:if|unless|otherwise|wenn|falls|sonst|si(?! arriva| ottiene)|sinon|sino|se|altrimenti|senão|als|anders"
    r"|jeśli|inaczej|если|иначе)\b"
    r"|如果|否则|もし|만약|[?？]\s*$",
    re.IGNORECASE,
)
"""What makes a sentence a question or one case of several, so that it arrives at nothing."""
IN_THE = re.compile(r"\bno (?=fim|final|total|entanto|geral)", re.IGNORECASE)
"""Portuguese `in the`, which denies nothing."""


LEAD = re.compile(
    r"^(?:[^,，、:：\d]{2,60}[,，、]\s*(?:it(?: is|'s)|this is|that is|c'est|ce sont|es|son|é|são|è|sono|это"
    r"|jest to|det är"
    r"|は|是|为|為)\s+|[^,，、:：\d]{2,60}[,，]是"
    r"|[^,，、:：\d]{2,40}(?:によると|によれば|として)[、,]\s*|[^,，、:：\d]{2,40}에 따르면,?\s+"
    r"|(?:laut|nach|gemäß|volgens|enligt|zgodnie z) [^,:\d]{2,50}? (?:ist es|is het|är det|jest to)\s+"
    r"|(?:in (?:conclusion|summary|short|total)|to sum up|zusammenfassend|abschließend|en (?:conclusion|résumé"
    r"|conclusión"
    r"|resumen)|em (?:conclusão|resumo)|in (?:conclusione|sintesi)|concluderend|samengevat|podsumowując|sonuç olarak"
    r"|özetle|sammanfattningsvis|в заключение|таким образом|итак|结论是"
    r"|总之|總之|综上所述?|결론적으로|निष्कर्षतः|وفي الختام"
    r"|في الختام)(?:\s*[,，、:：]\s*|(?<=로)\s)"
    r"|(?:(?:to answer|answering) (?:your|the) question|(?:um|zu) (?:deine|deiner|ihre|ihrer|die|der) frage[^:]{0,20}"
    r"|pour répondre à (?:ta|votre|la) question|para responder (?:a|à) [^:]{2,20}|per rispondere alla [^:]{2,20}"
    r"|om (?:je|uw|de) vraag te beantwoorden|odpowiadając na[^:]{2,20}|отвечая на[^:]{2,20}|för att svara på[^:]{2,20}"
    r"|ご?質問への(?:回答|答え)|回答(?:您|你)的问题|질문에 답하자면)\s?[:：]\s*"
    r"|(?:the |final )?(?:output|final|label|class(?:ification)?|category|prediction|sentiment|intent|ausgabe|klasse"
    r"|kategorie"
    r"|sortie|classe|catégorie|salida|clase|categoría|saída|categoria|uitvoer|categorie|wyjście|klasa|kategoria"
    r"|вывод|класс"
    r"|категория|çıktı|kategori|utdata|klass|出力|分類|输出|类别|分类|출력|분류)\s?[:：]\s*"
    r"|(?:the |der |die |das |la |le |el |il |lo |o |de |det |den )?(?:[^\W\d]{2,12} ){0,2}?"
    r"(?:value|wert|valeur|valor|valore|waarde|wartość|значение|värdet|القيمة)(?: (?!of\b)[^\W\d]{1,12}){0,5}? "
    r"(?:is|ist|lautet|est|es|é|è|to|-|är|هي)\s+"
    r"|[^\s,、，\d]{0,12}(?:値は|值是|值为)\s?|[^,\d]{0,12}값은\s|(?:aranan|istenen) değer\s|अभीष्ट मान\s)"
    r"(?:also |donc |pues |então |quindi |dunque |dus |zatem |alltså |therefore |thus )?(?=\S)",
    re.IGNORECASE,
)
"""Words before an answer that say nothing of their own: `In conclusion,`, `Based on the text, it is`."""
LED = re.compile(
    r"(?:[:：=]|(?<![^\W_])(?:is|are|be|was|ist|sind|lautet|est|sont|c'est|es|son|é|são|è|sono|is het|zijn|to|jest"
    r"|это|är|stays|remains|bei|thus|therefore|daher|donc|então|quindi|dus|zatem|alltså|هي|هو|conclusion|conclusión"
    r"|conclusão|conclusione),?|[、,，は是为為]|은|는)[\s*_$]*$",
    re.IGNORECASE,
)
"""What stands before a list or a point that a sentence says, and before no citation."""
OFFERED = re.compile(
    r"\d[^\d.;:!?]{0,24}?\s(?:or|oder|ou|o|lub|albo|eller|ya da|veya|или|либо|soit|या|أو)\s[^\d.;:!?]{0,12}?-?\d"
    r"|\d[^\d.;:!?。]{0,6}?(?:或者?|还是|または|もしくは|또는)\s?[^\d.;:!?。]{0,4}?-?\d",
    re.IGNORECASE,
)
"""Two figures of which one is meant."""
_EXPLAINED = re.compile(
    r"\n[\s*_#]*(?:explanations?|reason(?:ing|s)?|rationale|justification|why|erklärung|begründung|explication|raison"
    r"|explicación|razón|justificación|explicação|justificativa|razão|spiegazione|motivazione|uitleg|toelichting"
    r"|wyjaśnienie|uzasadnienie|пояснение|объяснение|обоснование|açıklama|gerekçe|förklaring|motivering|解説|説明|理由"
    r"|解释|解析|说明|설명|이유|풀이|해설|الشرح|التفسير|السبب|व्याख्या|स्पष्टीकरण)[*_]{0,3}\s*[:：]",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^[ \t]*(?:[-*•#>|]|\$\$)|```|[:：]\s*$|####|boxed", re.MULTILINE)
POINTED_AT = re.compile(
    r"^(?P<head>[^;:!?\n]{1,60}?)(?:\s?[-–—]{1,2}\s?(?:this|that|these|those|das|dies\w*|voilà|c'est|es[eot]\w*"
    r"|ess[ea]|isso|isto"
    r"|quest[oai]|quell[oai]|ecco|dat|dit|taki\w*|to|oto|это|вот|bu|işte|sonuç|det|detta)(?![^\W\d_])[^\d]{2,60}"
    r"|\s?[-–—]{1,2}\s?[这那這][^\d]{2,40}"
    r"|[、,]\s?(?:これ|それ|이것|그것|이게)[^\d]{2,40})$",
    re.IGNORECASE,
)
"""An answer at which the rest of the sentence only points: `Canberra — that's the one.`"""
EXCLUDED = re.compile(
    r"不可能|değil\w*|ليس\w*|ません|못|はずがな|わけがな|없|أن لا|لا يمكن|絶対に|絕不|绝不|绝非|間違い(?!なく|ない)"
    r"|誤り"
    r"|违|错|錯|误|排除|除外|外せ|当てはまら|틀렸|틀린"
    r"|잘못|오답|गलत|ग़लत|خطأ|خاطئ"
    r"|\b(?:wrong\w*|incorrect\w*|mistak\w+|false|untrue|invalid|excluded|discarded|(?:rul|exclud|discard|eliminat"
    r"|reject|dismiss)\w+|out of the question|falsch\w*"
    r"|unrichtig|ausgeschlossen|ausschließen|scheid\w+|entfällt|streichen|verwerfen|verkehrt|kein\w*|écart\w+"
    r"|exclure|élimin\w+|rejet\w+|faux|fausse\w*|exclue?s?|erron\w+|aucun\w*|fals[oa]s?|equivocad\w+|descart\w+"
    r"|excluir\w*|eliminar\w*|rechaz\w+"
    r"|excluid\w+|ningun\w*|ningún|errad\w+|excluíd\w+|nenhum\w*|scart\w+|escluder\w*|eliminare|sbagliat\w+|errat\w+"
    r"|esclus\w+|nessun\w*|fout\w*|onjuist\w*"
    r"|uitgesloten|uitsluiten|valt af|vervalt|afvallen|geen\w*|klopt niet|błęd\w+|niepopraw\w+|nieprawid\w+"
    r"|wyklucz\w+|odpada\w*|odrzuc\w+|żad\w+|неверн\w*|неправильн\w*|ошиб\w+|исключ\w+|отпада\w+|отброс\w+|отбрас\w+"
    r"|ни в коем|никак\w*|yanlış\w*|hatalı|fel|felaktig\w*|uteslut\w+|stryk\w*|förkast\w+|elenir|elenebilir|anything"
    r" but|other than|rather than|instead of|far from|except|apart from|impossible|unlikely"
    r"|außer|statt|unmöglich|sauf|impossible|excepto|imposible|exceto|impossível|tranne|impossibile|behalve|onmogelijk"
    r"|oprócz|niemożliwe|кроме|вместо|невозможно|hariç|imkansız|utom|omöjligt"
    r"|at (?:least|most)|more than|less than|fewer than|over|under|above|below|up to|mindestens|höchstens|mehr als"
    r"|weniger als|über|unter|bis zu|au (?:moins|plus)|plus de|moins de|al menos|como máximo|más de|menos de"
    r"|pelo menos|no máximo|mais de|almeno|al massimo|più di|meno di|minstens|hoogstens|meer dan|minder dan"
    r"|co najmniej|co najwyżej|ponad|poniżej|не (?:менее|более)|более|менее|больше|меньше|en az|en fazla|minst|högst"
    r"|mer än|mindre än)\b|至少|最多|超过|不到|以上(?!より)|以下|以内|未満"
    r"|超|이상|이하|미만|초과"
    r"|कम से कम|अधिकतम|على الأقل|أكثر من|أقل من",
    re.IGNORECASE,
)
"""What excludes a value, calls it wrong, or bounds it, so that a sentence with it does not say that it is the"
" answer."""


def explained(text: str) -> str | None:
    """Return the one line before an explanation, as `**12**` before `Explanation: …`; None without one."""
    found = _EXPLAINED.search(text, 0, 2 * MAX_OFFER)
    head = "" if found is None else text[: found.start()].strip()
    return head if 0 < len(head) <= MAX_OFFER and "\n" not in head else None


def headed(text: str) -> str | None:
    """Return the first line of a text whose other paragraphs hold no figure, no list and nothing in bold."""
    head, blank, rest = text.partition("\n\n")
    head, rest = head.strip(), rest.strip()
    if not blank or not rest or "\n" in head or len(head) > MAX_LEAD or head[-1:] in ":：" or head[:1] in "#-":
        return None
    other = any(map(str.isdigit, rest)) or "**" in rest or _ITEM.search(rest) is not None
    return None if other or len(rest) > 4 * MAX_OFFER or CONTRAST.search(rest) else head


def only_cell(text: str) -> str | None:
    """Return what stands in a table of one cell; None if the text is none."""
    lines = [line.strip() for line in text[: 3 * MAX_OFFER].split("\n")]
    cells = [
        line[1:-1].strip() for line in lines if len(line) > 2 and line[0] == line[-1] == "|" and line.count("|") == 2
    ]
    return cells[2] if len(lines) == len(cells) == 3 and not cells[1].strip("-: ") else None


def without_offer(text: str) -> str:
    """Return a text without a last paragraph that offers more, such as `Let me know if you want the steps!`."""
    head, _, last = text.rpartition("\n\n")
    if not head.strip() or len(last) > MAX_OFFER or "\n" in last.strip() or any(map(str.isdigit, last)):
        return text
    return text if CONTRAST.search(last) or not OFFER.search(last) else head.rstrip()


def arrived_at(phrase: str) -> str | None:
    """Return what stands behind the one verb of arrival of a phrase, as `12` of `I get 12`; None without one."""
    found = list(_ARRIVAL.finditer(phrase))
    if len(found) != 1 or found[0].start() > MAX_LEAD:
        return None
    return phrase[found[0].end() :].strip(" *_") or None
