"""Wordings around an answer that say nothing of it: offers of more, leads into a summary, verbs of arrival."""

from __future__ import annotations

import re
from typing import Final

MAX_OFFER: Final = 240
"""Longest last paragraph, in characters, that is an offer of more."""
MAX_LEAD: Final = 60
"""Most characters before a verb of arrival."""

_OFFER = re.compile(
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
_CONTRAST = re.compile(
    r"\b(?:but|however|actually|wait|instead|correction|aber|jedoch|eigentlich|sondern|mais|cependant|pero|sino|embargo"
    r"|mas|porém|ma|però|invece|maar|echter|ale|jednak|но|однако)\b|しかし|ただし|但|不过|其实|하지만|그러나",
    re.IGNORECASE,
)
SUMMARY = re.compile(
    r"(?:^|\n)[\s*_#>✅-]*(?:tl;?dr|(?:in )?(?:short|brief|summary|conclusion)|short answer|bottom line|verdict"
    r"|kurz(?: gesagt|um"
    r"|antwort)?|fazit|zusammen(?:fassung|gefasst)|(?:en )?(?:bref|résumé|conclusion)|(?:en )?(?:resumen"
    r"|conclusión|breve)"
    r"|resumindo|(?:em )?(?:resumo|suma|conclusão)|(?:in )?(?:breve|sintesi|conclusione)|riassumendo|kort(?:om| gezegd)"
    r"|samengevat|conclusie|w skrócie|podsumowując|krótko mówiąc|wniosek|(?:если )?(?:коротко|кратко)|вывод|итог[ои]?"
    r"|結論|まとめ|要約|要するに|简而言之|总之|总结|结论|總結|요약"
    r"|결론)[*_]{0,2}\s*[:：][*_]{0,2}[ \t]*(?=\S[^\n]*\Z|\n)",
    re.IGNORECASE,
)
"""The lead of a line that sums up."""
_ARRIVAL = re.compile(
    r"(?:^|[\s,:])(?:(?:i|we|you|one) (?:get|got|obtain|find|arrive at|end up with|are left with)|(?:comes|works) "
    r"out (?:to|at)"
    r"|ends? up (?:at|as|being)|gives(?: us| you)?|yields|leaves us with|should be|must be|has to be"
    r"|komme(?:n wir)? auf|erhält man|erhalten wir|erhalte ich|bekomm\w+ (?:wir|man|ich)|ergibt(?: sich)?|macht|folgt"
    r"|ich erhalte|wir erhalten|(?:je|nous|on) (?:trouv|obtien|arriv)\w+(?: donc)?(?: à)?|donne(?: donc)?"
    r"|obtenemos|obtengo|(?:me|nos) (?:sale|da|queda)|queda|llegamos a|obtemos|temos|obtenho|cheg(?:uei|amos) a|isso dá"
    r"|otteniamo|ottengo|si (?:ottiene|arriva a)|(?:ci|mi) (?:dà|risulta)|krijgen we|(?:we|ik) krijg(?:en)?"
    r"|kom(?:en we)? uit op|kom ik op|geeft(?: ons)?|is het|otrzymujemy(?: zatem)?|dostajemy|mamy|wychodzi"
    r"|daje(?: nam)?"
    r"|получаем|получается|получилось|выходит|да[её]т)[\s:]+(?:us |das )?(?=\S)"
    r"|(?:得到|算出来是|得出|等于|計算すると|계산하면)\s*",
    re.IGNORECASE,
)


BOLD_END = re.compile(r"^(?=\s*[^*\s])[^*]+\*\*([^*\n]{1,200})\*\*[\s.。!！]*(?:\w{1,6}[.。]?)?$")
"""The one bold part of a sentence, at its end."""
DENIED = re.compile("不是|不等|不为|并非|並非|没有|ではな|じゃな|でない|않|아니(?!요|오)|아닙니다|नहीं")
"""What denies in scripts that write no blanks around it, or behind what it denies."""
CONDITION = re.compile(
    r"\b(?:if|unless|otherwise|wenn|falls|sonst|si(?! arriva| ottiene)|sinon|sino|se|altrimenti|senão|als|anders"
    r"|jeśli|inaczej|если|иначе)\b"
    r"|如果|否则|もし|만약|[?？]\s*$",
    re.IGNORECASE,
)
"""What makes a sentence a question or one case of several, so that it arrives at nothing."""
SPAN = re.compile(r"\d+-\d+")
"""A range, as it is read."""
IN_THE = re.compile(r"\bno (?=fim|final|total|entanto|geral)", re.IGNORECASE)
"""Portuguese `in the`, which denies nothing."""


def without_offer(text: str) -> str:
    """Return a text without a last paragraph that offers more, such as `Let me know if you want the steps!`."""
    head, _, last = text.rpartition("\n\n")
    if not head.strip() or len(last) > MAX_OFFER or "\n" in last.strip() or any(map(str.isdigit, last)):
        return text
    return text if _CONTRAST.search(last) or not _OFFER.search(last) else head.rstrip()


def arrived_at(phrase: str) -> str | None:
    """Return what stands behind the one verb of arrival of a phrase, as `12` of `I get 12`; None without one."""
    found = list(_ARRIVAL.finditer(phrase))
    if len(found) != 1 or found[0].start() > MAX_LEAD:
        return None
    return phrase[found[0].end() :].strip(" *_") or None
