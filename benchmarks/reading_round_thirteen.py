"""Round 13 of answer pairs: everyday answers of assistants to ordinary questions, in sixteen languages.

Held back: the wordings were written without a look at the reader, its tests or the earlier rounds, and nobody tunes
the reader to them; the round is run to measure it. Ten kinds have pairs of both sorts. In an equal pair two wordings
of one answer give one value, each in a form natural to it; in an unequal pair the value is another one (for a verdict
the opposite, for a change another figure or the other direction). Two further kinds have unequal pairs only: in
`subject` one figure is said of two things, and in `rejected` one answer names the figure of the other only to reject
it, or as somebody else's or an old one.

Of the wordings of one kind and language each answers the same question, so that they differ in style and nothing else:
sentences, the question restated, a reason before or after, notes with an arrow, tables, labels, bold, code, JSON,
speech, and reports of an agent.

    python -m benchmarks.reading_round_thirteen [--pairs 8] [--show 1] [--seed 13]
"""

from __future__ import annotations

import json
import random
import re

from benchmarks.reading_tally import ReadingTally, arguments

KINDS = ("headcount", "price", "time", "date", "distance", "share", "person", "place", "verdict", "change")
ONLY_UNEQUAL = ("subject", "rejected")

# A heading, then a wording a line. {n} a number, {m} the number that holds where {n} is rejected, {p} a price, {t} a
# time, {d} a date, {k} a distance, {s} a share, {a} a person, {l} a place, {i} a place in its inflected form, {c} a
# change, {S} and {s} a thing, at the start of a sentence and within.
TEXT = {
    "en": r"""
= headcount
The hall can hold {n} people.
You can fit {n} guests in there before the fire code becomes a problem.
Capacity: {n} people
I checked the floor plan: it is approved for {n} people.
So, with all the chairs out, you're looking at room for {n} people.
Hall capacity → **{n}**
| Room | Max. people |\n|---|---|\n| Hall | {n} |
= price
A ticket costs {p}.
You'll pay {p} for one ticket.
ticket_price: {p}
I bought one for you; it came to {p}.
It's {p} per ticket, because the early-bird offer has already ended.
The price of a single ticket is **{p}**.
= time
The train leaves at {t}.
I booked you on the {t} train.
Departure: **{t}**
You need to be on the platform by then: it pulls out at {t}.
Next train → `{t}`
According to the timetable, departure is at {t}.
= date
The contract was signed on {d}.
Date of signature: {d}
They put their names to it on {d}.
Looking at the last page, I can see the signatures are dated {d}.
`{d}`
Signed → {d}
= distance
It's {k} from the station to the hotel.
The hotel is {k} away from the station.
You'd have to walk {k} to get there.
Distance: {k}
I measured the route on the map and got **{k}**.
station → hotel: {k}
= share
{s} of the staff work from home.
Share of staff working from home: {s}
The survey puts the home-working share at {s}.
Of everyone employed there, {s} do their job from home.
Based on the spreadsheet you sent, I get **{s}**.
The answer is {s}.
= person
The report was written by {a}.
{a} wrote it.
Author: **{a}**
It was {a} who wrote the report, as you can see on the cover page.
I looked it up for you, and the author is {a}.
{"author": "{a}"}
= place
The workshop takes place in {l}.
They're holding it in {l} this time.
Location: {l}
I found the invitation, and it says the venue is in {l}.
Workshop → {l}
You'll have to travel to {l} for the workshop.
= yes
Yes, you can bring your dog to the office.
Yes. Dogs are welcome in the office, since none of the colleagues is allergic.
Sure, dogs are allowed there.
Yes – the house rules permit dogs in the office.
**Yes**, bringing a dog to the office is fine.
= no
No, you can't bring your dog to the office.
No. Dogs have to stay out of the office because a colleague is allergic.
Sorry, dogs aren't allowed there.
No – the house rules forbid dogs in the office.
**No**, bringing a dog to the office is not permitted.
= up
Rents rose by {c}.
Rents went up {c} last year.
There was an increase of {c} in rents.
Rents are {c} higher than the year before.
Rent trend: +{c}
= down
Rents fell by {c}.
Rents went down {c} last year.
There was a decrease of {c} in rents.
Rents are {c} lower than the year before.
Rent trend: −{c}
= things
The hall|The cellar|The library|The garden tent|The rooftop terrace
= subject
{S} holds {n} people.
{S} has room for {n} people.
{S}: {n} people
I checked: {s} can take {n} people.
The maximum for {s} is {n} people.
= rejected
It's not {n} people; the hall holds {m}.
The brochure still says {n}, but that's out of date: the hall holds {m} people.
{n} used to be the limit. Since the renovation it has been {m} people.
The caretaker claims {n} people, which is wrong; the permit says {m}.
The hall does not hold {n} people.
No, not {n}: {m}.
= people
Laura Bennett|Simon Bennett|Priya Raman|George Whitfield|Hannah Doyle|Marcus Doyle|Alice Carver|Owen Pritchard
= places
Leeds|Bristol|Glasgow|Cardiff|Norwich|Boston|Denver|Brighton
""",
    "de": r"""
= headcount
In den Saal passen {n} Personen.
Der Saal ist für {n} Personen zugelassen.
Fassungsvermögen: {n} Personen
Da gehen {n} Leute rein, mehr erlaubt der Brandschutz nicht.
Ich habe im Raumplan nachgesehen: Platz ist für **{n}** Personen.
Saal → {n} Plätze
= price
Eine Karte kostet {p}.
Für eine Karte zahlst du {p}.
Preis pro Karte: **{p}**
Ich habe eine Karte gekauft, das waren {p}.
Weil der Frühbucherrabatt abgelaufen ist, liegt der Preis bei {p}.
Das macht {p} je Karte.
= time
Der Zug fährt um {t} ab.
Abfahrt: {t}
Ich habe dir den Zug um {t} gebucht.
Los geht's um {t}.
Laut Fahrplan ist die Abfahrt um **{t}**.
Zugabfahrt → {t}
= date
Der Vertrag wurde am {d} unterzeichnet.
Unterschrieben haben sie am {d}.
Datum der Unterzeichnung: {d}
Auf der letzten Seite steht als Datum der {d}.
Unterzeichnet → {d}
Das war am {d}.
= distance
Vom Bahnhof zum Hotel sind es {k}.
Das Hotel liegt {k} vom Bahnhof entfernt.
Entfernung: {k}
Zu Fuß musst du {k} zurücklegen.
Ich habe die Strecke auf der Karte gemessen: **{k}**.
Die Strecke ist {k} lang.
= share
{s} der Belegschaft arbeiten im Homeoffice.
Der Anteil im Homeoffice beträgt {s}.
Homeoffice-Anteil: {s}
Von allen Beschäftigten arbeiten {s} von zu Hause aus.
Nach deiner Tabelle komme ich auf **{s}**.
Es sind {s}.
= person
Den Bericht hat {a} geschrieben.
Verfasst hat ihn {a}, so steht es im Kopf des Berichts.
Verfasst von: {a}
Autor laut Deckblatt: **{a}**
Ich habe nachgeschaut, der Bericht stammt von {a}.
Das war {a}.
= place
Der Workshop findet in {l} statt.
Ort: {l}
Laut Einladung ist der Workshop in {l}.
Du musst für den Workshop nach {l} fahren.
Veranstaltungsort ist **{l}**.
Workshop → {l}
= yes
Ja, du kannst das Abo monatlich kündigen.
Ja. Das Abo lässt sich laut AGB jeden Monat kündigen.
Ja, eine monatliche Kündigung ist möglich.
Klar, das Abo ist monatlich kündbar.
**Ja** – monatlich kündigen geht.
= no
Nein, du kannst das Abo nicht monatlich kündigen.
Nein. Die AGB schließen eine monatliche Kündigung aus.
Nein, eine monatliche Kündigung ist nicht möglich.
Leider ist das Abo nicht monatlich kündbar.
**Nein** – monatlich kündigen geht nicht.
= up
Die Mieten sind um {c} gestiegen.
Die Mieten haben um {c} zugelegt.
Es gab bei den Mieten einen Anstieg von {c}.
Man zahlt jetzt {c} mehr Miete als im Vorjahr.
Mietentwicklung: +{c}
= down
Die Mieten sind um {c} gesunken.
Die Mieten haben um {c} nachgegeben.
Es gab bei den Mieten einen Rückgang von {c}.
Man zahlt jetzt {c} weniger Miete als im Vorjahr.
Mietentwicklung: −{c}
= things
Der Saal|Der Keller|Die Bibliothek|Das Gartenzelt|Die Dachterrasse
= subject
{S} fasst {n} Personen.
{S} bietet Platz für {n} Personen.
{S}: {n} Personen
Ich habe nachgesehen: {s} ist für {n} Personen zugelassen.
{S} ist mit {n} Personen voll besetzt.
= rejected
Nicht {n}, sondern {m} Personen passen in den Saal.
In der Broschüre stehen noch {n}, das ist aber überholt: es sind {m} Personen.
Früher waren es {n} Personen, seit dem Umbau sind {m} erlaubt.
Der Hausmeister behauptet {n}, das stimmt aber nicht; zugelassen sind {m} Personen.
Nein, {n} Personen passen nicht hinein.
= people
Katrin Vogel|Stefan Vogel|Jonas Brandt|Miriam Osterkamp|Heiko Lüders|Anja Lüders|Uwe Kessler|Birgit Thoma
= places
Hamburg|Leipzig|Kassel|Bremen|Augsburg|Graz|Dresden|Basel
""",
    "fr": r"""
= headcount
La salle peut accueillir {n} personnes.
On peut y faire entrer {n} personnes.
Capacité : {n} personnes
D'après le plan, la salle est prévue pour {n} personnes.
J'ai vérifié auprès de la mairie : c'est **{n}** personnes maximum.
Salle → {n} places
= price
Le billet coûte {p}.
Il faut compter {p} par billet.
Prix du billet : {p}
J'en ai pris un pour vous, je l'ai payé {p}.
Comme l'offre de lancement est terminée, le billet est à {p}.
Ça fait **{p}** le billet.
= time
Le train part à {t}.
Départ : {t}
Je vous ai réservé le train de {t}.
Le départ est prévu à {t}.
Soyez sur le quai à l'avance, il démarre à **{t}**.
Prochain train → {t}
= date
Le contrat a été signé le {d}.
La signature a eu lieu le {d}.
Date de signature : {d}
Sur la dernière page, on lit la date du {d}.
Ils l'ont signé le **{d}**.
Signé → {d}
= distance
Il y a {k} entre la gare et l'hôtel.
L'hôtel est à {k} de la gare.
Distance : {k}
Vous aurez {k} à parcourir à pied.
J'ai mesuré le trajet sur la carte, ça fait **{k}**.
gare → hôtel : {k}
= share
{s} des salariés travaillent à domicile.
La part du télétravail est de {s}.
Part en télétravail : {s}
Parmi le personnel, {s} font du télétravail.
D'après votre tableau, j'arrive à **{s}**.
La réponse est {s}.
= person
C'est {a} qui a rédigé le rapport.
Le rapport a été rédigé par {a}.
Rédaction : {a}
D'après la page de garde, le rapport est de {a}.
J'ai retrouvé le nom : **{a}**.
{a} a écrit le rapport, si j'en crois la page de garde.
= place
L'atelier se tient à {l}.
Lieu : {l}
Cette fois, ça se passe à {l}.
J'ai retrouvé l'invitation : rendez-vous à {l}.
Il faudra aller à {l} pour l'atelier.
La ville choisie pour l'atelier est **{l}**.
= yes
Oui, la piscine est ouverte le dimanche.
Oui. Le règlement indique que la piscine accueille le public le dimanche.
Oui, la piscine reste ouverte le dimanche.
Bien sûr, la piscine ouvre aussi le dimanche.
**Oui** : elle est ouverte le dimanche.
= no
Non, la piscine n'est pas ouverte le dimanche.
Non. Le règlement indique que la piscine est fermée au public le dimanche.
Non, la piscine reste fermée le dimanche.
Malheureusement, la piscine n'ouvre pas le dimanche.
**Non** : elle est fermée le dimanche.
= up
Les loyers ont augmenté de {c}.
Les loyers sont en hausse de {c}.
On constate une progression des loyers de {c}.
On paie {c} de plus de loyer que l'an dernier.
Évolution des loyers : +{c}
= down
Les loyers ont baissé de {c}.
Les loyers sont en recul de {c}.
On constate une diminution des loyers de {c}.
On paie {c} de moins de loyer que l'an dernier.
Évolution des loyers : −{c}
= things
La salle|La cave|Le préau|La bibliothèque|Le chapiteau
= subject
{S} peut accueillir {n} personnes.
{S} compte {n} places.
{S} : {n} personnes
J'ai vérifié : {s} est prévu pour {n} personnes.
Dans la brochure, {s} contient {n} personnes au plus.
= rejected
La salle n'accueille pas {n} personnes mais {m}.
La brochure parle encore de {n} personnes, mais c'est périmé : c'est {m}.
Avant les travaux c'était {n} ; maintenant, {m} personnes sont admises.
Le gardien affirme {n}, à tort : le permis dit {m} personnes.
Non, on ne peut pas y mettre {n} personnes.
= people
Claire Fontanel|Julien Fontanel|Amélie Besson|Thierry Marchal|Nadia Belkacem|Hugo Delorme|Sylvie Delorme|Luc Perrot
= places
Lyon|Nantes|Bordeaux|Lille|Rennes|Grenoble|Dijon|Metz
""",
    "es": r"""
= headcount
En la sala caben {n} personas.
La sala tiene capacidad para {n} personas.
Aforo: {n} personas
He mirado el plano y está autorizada para {n} personas.
Puedes meter a {n} personas, más no permite el seguro.
Aforo de la sala → **{n}** personas
= price
La entrada cuesta {p}.
Cada entrada sale a {p}.
Precio de la entrada: {p}
Te he comprado una y me ha costado {p}.
Como ya terminó la preventa, hay que pagar {p} por entrada.
Son **{p}** por entrada.
= time
El tren sale a las {t}.
Salida: {t}
Te he reservado el tren de las {t}.
Según el horario, la salida es a las {t}.
Parte a las **{t}**, así que conviene llegar antes.
Próximo tren → {t}
= date
El contrato se firmó el {d}.
La firma tuvo lugar el {d}.
Fecha de firma: {d}
En la última página aparece la fecha {d}.
Lo firmaron el **{d}**.
Firmado → {d}
= distance
De la estación al hotel hay {k}.
El hotel está a {k} de la estación.
Distancia: {k}
Tendrías que caminar {k} para llegar.
Medí la ruta en el mapa y salen **{k}**.
estación → hotel: {k}
= share
El {s} de la plantilla teletrabaja.
La proporción de teletrabajo es del {s}.
Teletrabajo: {s}
De todos los empleados, un {s} trabaja desde casa.
Con tu hoja de cálculo obtengo un **{s}**.
La respuesta es {s}.
= person
El informe lo escribió {a}.
{a} redactó el informe.
Autoría: {a}
Según la portada, quien lo escribió fue {a}.
He buscado el nombre y es **{a}**.
Informe → {a}
= place
El taller se celebra en {l}.
Lugar: {l}
Esta vez lo hacen en {l}.
He encontrado la invitación: el taller es en {l}.
La ciudad elegida es **{l}**.
Para el taller hay que ir a {l}.
= yes
Sí, puedes devolver los zapatos sin el tique.
Sí. La tienda acepta devoluciones aunque hayas perdido el tique.
Claro, se admite la devolución sin tique.
Sí, devolverlos sin tique está permitido.
**Sí**: no hace falta el tique para devolverlos.
= no
No, no puedes devolver los zapatos sin el tique.
No. La tienda no acepta devoluciones si has perdido el tique.
Lo siento, no se admite la devolución sin tique.
No, devolverlos sin tique no está permitido.
**No**: hace falta el tique para devolverlos.
= up
Los alquileres subieron un {c}.
Los alquileres han crecido un {c}.
Hubo un aumento del {c} en los alquileres.
Ahora se paga un {c} más de alquiler que el año pasado.
Variación de los alquileres: +{c}
= down
Los alquileres bajaron un {c}.
Los alquileres han caído un {c}.
Hubo un descenso del {c} en los alquileres.
Ahora se paga un {c} menos de alquiler que el año pasado.
Variación de los alquileres: −{c}
= things
La sala|El sótano|La biblioteca|La carpa|La terraza
= subject
{S} tiene capacidad para {n} personas.
{S} admite {n} personas.
{S}: {n} personas
He comprobado que {s} puede acoger a {n} personas.
Según el plano, {s} da cabida a {n} personas.
= rejected
No caben {n} personas en la sala, sino {m}.
El folleto todavía dice {n}, pero está anticuado: son {m} personas.
Antes eran {n} personas; desde la reforma se permiten {m}.
El conserje asegura que {n}, pero se equivoca: son {m} personas.
No, {n} personas no caben.
= people
Lucía Ferrer|Andrés Ferrer|Marta Quiroga|Iván Salcedo|Rocío Peñalver|Tomás Arce|Elena Arce|Gonzalo Miranda
= places
Sevilla|Bilbao|Valencia|Murcia|Salamanca|Bogotá|Quito|Rosario
""",
    "pt": r"""
= headcount
Cabem {n} pessoas no salão.
O salão comporta {n} pessoas.
Capacidade: {n} pessoas
Conferi a planta: está liberado para {n} pessoas.
Dá para colocar **{n}** pessoas lá dentro, mais os bombeiros não deixam.
Salão → {n} lugares
= price
O ingresso custa {p}.
Você vai pagar {p} pelo ingresso.
Preço do ingresso: {p}
Comprei um para você e saiu por {p}.
Como a promoção acabou, agora cada ingresso está a {p}.
São **{p}** por ingresso.
= time
O trem parte às {t}.
Partida: {t}
Reservei para você o trem das {t}.
Pela tabela de horários, a saída é às {t}.
Ele sai às **{t}**, então chegue antes.
Próximo trem → {t}
= date
O contrato foi assinado em {d}.
A assinatura ocorreu em {d}.
Data da assinatura: {d}
Na última página consta a data {d}.
Assinaram o contrato em **{d}**.
Assinado → {d}
= distance
Da estação até o hotel são {k}.
O hotel fica a {k} da estação.
Distância: {k}
Você teria que andar {k} para chegar lá.
Medi o trajeto no mapa e deu **{k}**.
estação → hotel: {k}
= share
{s} dos funcionários trabalham de casa.
A parcela em home office é de {s}.
Home office: {s}
De todo o pessoal, {s} trabalham em casa.
Pela sua planilha, cheguei a **{s}**.
A resposta é {s}.
= person
O relatório foi escrito por {a}.
Quem escreveu o relatório foi {a}.
Autoria: {a}
Pela capa, o relatório é de {a}.
Procurei o nome: **{a}**.
Relatório → {a}
= place
A oficina acontece em {l}.
Local: {l}
Desta vez vão fazer a oficina em {l}.
Achei o convite: a oficina é em {l}.
Você precisa ir a {l} para a oficina.
A cidade escolhida é **{l}**.
= yes
Sim, você pode estacionar na rua.
Sim. Estacionar na rua é permitido, porque não há placa proibindo.
Claro, é permitido estacionar ali.
Pode, sim, estacionar na rua.
**Sim**, o estacionamento na rua está liberado.
= no
Não, você não pode estacionar na rua.
Não. Estacionar na rua é proibido, porque há uma placa na esquina.
Infelizmente, é proibido estacionar ali.
Não pode, não, estacionar na rua.
**Não**, o estacionamento na rua está vetado.
= up
Os aluguéis subiram {c}.
Os aluguéis tiveram alta de {c}.
Houve um aumento de {c} nos aluguéis.
Hoje se paga {c} a mais de aluguel do que no ano passado.
Variação dos aluguéis: +{c}
= down
Os aluguéis caíram {c}.
Os aluguéis tiveram queda de {c}.
Houve uma redução de {c} nos aluguéis.
Hoje se paga {c} a menos de aluguel do que no ano passado.
Variação dos aluguéis: −{c}
= things
O salão|O porão|A biblioteca|A tenda|O terraço
= subject
{S} comporta {n} pessoas.
{S} tem lugar para {n} pessoas.
{S}: {n} pessoas
Conferi que {s} recebe {n} pessoas.
Pela planta, {s} acomoda {n} pessoas.
= rejected
No salão não cabem {n} pessoas, e sim {m}.
O folheto ainda fala em {n}, mas está desatualizado: são {m} pessoas.
Antes eram {n} pessoas; depois da reforma passaram a ser {m}.
O zelador diz que são {n}, mas está enganado: são {m} pessoas.
Não, {n} pessoas não cabem.
= people
Beatriz Nogueira|Rafael Nogueira|Camila Tavares|Otávio Brandão|Larissa Pimentel|Diego Pimentel|Helena Cardoso|Caio Furtado
= places
Recife|Curitiba|Salvador|Belém|Natal|Fortaleza|Manaus|Coimbra
""",
    "it": r"""
= headcount
La sala può ospitare {n} persone.
Nella sala ci stanno {n} persone.
Capienza: {n} persone
Ho controllato la piantina: è omologata per {n} persone.
Ci entrano **{n}** persone, di più non si può per la sicurezza.
Sala → {n} posti
= price
Il biglietto costa {p}.
Per un biglietto si pagano {p}.
Prezzo del biglietto: {p}
Te ne ho comprato uno: ho speso {p}.
Finita la promozione, ogni biglietto viene {p}.
Sono **{p}** a biglietto.
= time
Il treno parte alle {t}.
Partenza: {t}
Ti ho prenotato il treno delle {t}.
Secondo l'orario si parte alle {t}.
Prossimo treno → {t}
La partenza è fissata per le **{t}**.
= date
Il contratto è stato firmato il {d}.
La firma risale al {d}.
Data della firma: {d}
Nell'ultima pagina si legge la data {d}.
L'hanno firmato il **{d}**.
Firmato → {d}
= distance
Dalla stazione all'albergo ci sono {k}.
L'albergo dista {k} dalla stazione.
Distanza: {k}
A piedi devi fare {k}.
Ho misurato il percorso sulla mappa: **{k}**.
stazione → albergo: {k}
= share
Il {s} del personale lavora da casa.
La quota di chi lavora da casa è del {s}.
Quota in telelavoro: {s}
Tra i dipendenti, il {s} fa telelavoro.
Dalla tua tabella ricavo il **{s}**.
La risposta è {s}.
= person
Il rapporto è stato scritto da {a}.
L'ha scritto {a}.
Autore: {a}
Sul frontespizio compare {a}, che ha scritto il rapporto.
Ho cercato il nome: **{a}**.
Il rapporto porta la firma di {a}.
= place
Il laboratorio si tiene a {l}.
Luogo: {l}
Questa volta lo fanno a {l}.
Ho trovato l'invito: l'appuntamento è a {l}.
Per il laboratorio bisogna andare a {l}.
La sede scelta è **{l}**.
= yes
Sì, il museo è accessibile in sedia a rotelle.
Sì. Al museo si entra in sedia a rotelle grazie alla rampa laterale.
Sì, con la sedia a rotelle si può entrare.
Certo, il museo è attrezzato per le sedie a rotelle.
**Sì**: l'accesso in sedia a rotelle è garantito.
= no
No, il museo non è accessibile in sedia a rotelle.
No. Al museo non si entra in sedia a rotelle perché manca una rampa.
No, con la sedia a rotelle non si può entrare.
Purtroppo il museo non è attrezzato per le sedie a rotelle.
**No**: l'accesso in sedia a rotelle è impossibile.
= up
Gli affitti sono aumentati del {c}.
Gli affitti sono saliti del {c}.
C'è stato un rialzo degli affitti del {c}.
Oggi si paga il {c} in più di affitto rispetto a un anno fa.
Andamento affitti: +{c}
= down
Gli affitti sono diminuiti del {c}.
Gli affitti sono scesi del {c}.
C'è stato un calo degli affitti del {c}.
Oggi si paga il {c} in meno di affitto rispetto a un anno fa.
Andamento affitti: −{c}
= things
La sala|La cantina|La biblioteca|Il tendone|La terrazza
= subject
{S} può ospitare {n} persone.
{S} ha posto per {n} persone.
{S}: {n} persone
Ho controllato: {s} accoglie {n} persone.
Secondo la piantina {s} contiene {n} persone.
= rejected
Nella sala non ci stanno {n} persone ma {m}.
Il dépliant dice ancora {n}, ma è superato: sono {m} persone.
Prima erano {n} persone; dopo i lavori ne sono ammesse {m}.
Il custode sostiene {n}, ma sbaglia: sono {m} persone.
No, {n} persone non ci stanno.
= people
Chiara Moretti|Paolo Moretti|Davide Saccani|Federica Lupo|Giorgio Bellini|Ilaria Bellini|Nicola Ferrante|Teresa Gallo
= places
Torino|Bari|Verona|Genova|Perugia|Trieste|Parma|Lecce
""",
    "nl": r"""
= headcount
In de zaal passen {n} mensen.
De zaal is goedgekeurd voor {n} personen.
Capaciteit: {n} personen
Je kunt er {n} mensen in kwijt, meer mag niet van de brandweer.
Ik heb de plattegrond bekeken: er is plaats voor **{n}** personen.
Zaal → {n} plaatsen
= price
Een kaartje kost {p}.
Je betaalt {p} per kaartje.
Prijs per kaartje: {p}
Ik heb er een voor je gekocht, dat kwam op {p}.
Omdat de vroegboekactie voorbij is, ben je {p} kwijt per kaartje.
Het is **{p}** per kaartje.
= time
De trein vertrekt om {t}.
Vertrek: {t}
Ik heb de trein van {t} voor je geboekt.
Volgens de dienstregeling is het vertrek om {t}.
Hij rijdt weg om **{t}**, dus wees op tijd.
Volgende trein → {t}
= date
Het contract is getekend op {d}.
De ondertekening was op {d}.
Datum van ondertekening: {d}
Op de laatste pagina staat {d} als datum.
Ze hebben het op **{d}** ondertekend.
Getekend → {d}
= distance
Van het station naar het hotel is het {k}.
Het hotel ligt {k} van het station.
Afstand: {k}
Je moet {k} lopen om er te komen.
Ik heb de route op de kaart gemeten en kom op **{k}**.
station → hotel: {k}
= share
{s} van het personeel werkt thuis.
Het aandeel thuiswerkers is {s}.
Thuiswerkers: {s}
Van alle medewerkers werkt {s} vanuit huis.
Op basis van je tabel kom ik uit op **{s}**.
Het antwoord is {s}.
= person
Het rapport is geschreven door {a}.
{a} heeft het rapport geschreven.
Auteur: {a}
Volgens het voorblad is het van de hand van {a}.
Ik heb het opgezocht: **{a}**.
Rapport → {a}
= place
De workshop is in {l}.
Locatie: {l}
Dit keer houden ze hem in {l}.
Ik heb de uitnodiging gevonden: je moet in {l} zijn.
Voor de workshop reis je naar {l}.
De gekozen plaats is **{l}**.
= yes
Ja, je mag je fiets meenemen in de trein.
Ja. In de trein mag een fiets mee, want er is plaats genoeg.
Ja hoor, een fiets meenemen is toegestaan.
Zeker, fietsen mogen mee in de trein.
**Ja**, je fiets mag mee.
= no
Nee, je mag je fiets niet meenemen in de trein.
Nee. In de trein mag geen fiets mee omdat er te weinig ruimte is.
Nee hoor, een fiets meenemen is niet toegestaan.
Helaas mogen fietsen niet mee in de trein.
**Nee**, je fiets mag niet mee.
= up
De huren zijn met {c} gestegen.
De huren gingen {c} omhoog.
Er was een toename van {c} in de huren.
Huurders betalen nu {c} meer huur dan vorig jaar.
Huurontwikkeling: +{c}
= down
De huren zijn met {c} gedaald.
De huren gingen {c} omlaag.
Er was een afname van {c} in de huren.
Huurders betalen nu {c} minder huur dan vorig jaar.
Huurontwikkeling: −{c}
= things
De zaal|De kelder|De bibliotheek|De tuintent|Het dakterras
= subject
{S} biedt plaats aan {n} mensen.
{S} kan {n} personen herbergen.
{S}: {n} personen
Ik heb het nagekeken: {s} is goedgekeurd voor {n} personen.
{S} heeft ruimte voor {n} mensen.
= rejected
In de zaal passen geen {n} maar {m} mensen.
In de folder staat nog {n}, maar dat is achterhaald: het zijn {m} personen.
Vroeger waren het {n} personen, sinds de verbouwing mogen er {m} in.
De beheerder beweert {n}, maar dat klopt niet: het zijn {m} personen.
Nee, {n} mensen passen er niet in.
= people
Femke Hoekstra|Daan Hoekstra|Ruben Verbeek|Lotte Kramer|Marijke Smit|Joris Smit|Bas Dekker|Noor Postma
= places
Utrecht|Groningen|Breda|Zwolle|Arnhem|Gent|Leiden|Maastricht
""",
    "pl": r"""
= headcount
Sala mieści {n} osób.
W sali zmieści się {n} osób.
Pojemność: {n} osób
Sprawdziłem plan: jest dopuszczona na {n} osób.
Wejdzie tam **{n}** osób, więcej nie pozwala straż pożarna.
Sala → {n} miejsc
= price
Bilet kosztuje {p}.
Za bilet zapłacisz {p}.
Cena biletu: {p}
Kupiłem jeden dla ciebie, wyszło {p}.
Promocja już się skończyła, więc bilet jest po {p}.
Wychodzi **{p}** za bilet.
= time
Pociąg odjeżdża o {t}.
Odjazd: {t}
Zarezerwowałem ci pociąg o {t}.
Według rozkładu odjazd jest o {t}.
Rusza o **{t}**, więc bądź wcześniej na peronie.
Najbliższy pociąg → {t}
= date
Umowę podpisano {d}.
Podpisanie umowy nastąpiło {d}.
Data podpisania: {d}
Na ostatniej stronie widnieje data {d}.
Podpisali ją **{d}**.
Podpisano → {d}
= distance
Z dworca do hotelu jest {k}.
Hotel leży {k} od dworca.
Odległość: {k}
Trzeba przejść {k}, żeby tam dotrzeć.
Zmierzyłem trasę na mapie: **{k}**.
dworzec → hotel: {k}
= share
{s} pracowników pracuje z domu.
Udział pracujących zdalnie wynosi {s}.
Praca zdalna: {s}
Spośród wszystkich zatrudnionych {s} pracuje zdalnie.
Z twojego arkusza wychodzi **{s}**.
Odpowiedź to {s}.
= person
Raport napisał {a}.
Autorem raportu jest {a}.
Autor: {a}
Na okładce jako autor widnieje {a}.
Sprawdziłem, to **{a}**.
Raport → {a}
= place
Warsztaty odbędą się w {i}.
Miejsce: {l}
Tym razem robią je w {i}.
Znalazłem zaproszenie, miejsce warsztatów to {l}.
Warsztaty → {l}
Wybrane miasto to **{l}**.
= yes
Tak, możesz zapłacić kartą.
Tak. W kawiarni przyjmują karty od początku roku.
Jasne, płatność kartą jest możliwa.
Tak, da się tam zapłacić kartą.
**Tak** – kawiarnia akceptuje karty.
= no
Nie, nie możesz zapłacić kartą.
Nie. W kawiarni nie przyjmują kart, bo terminal jest zepsuty.
Niestety płatność kartą nie jest możliwa.
Nie, nie da się tam zapłacić kartą.
**Nie** – kawiarnia nie akceptuje kart.
= up
Czynsze wzrosły o {c}.
Czynsze poszły w górę o {c}.
Nastąpił wzrost czynszów o {c}.
Teraz płaci się o {c} więcej czynszu niż rok temu.
Zmiana czynszów: +{c}
= down
Czynsze spadły o {c}.
Czynsze poszły w dół o {c}.
Nastąpił spadek czynszów o {c}.
Teraz płaci się o {c} mniej czynszu niż rok temu.
Zmiana czynszów: −{c}
= things
Sala|Piwnica|Biblioteka|Stodoła|Altana
= subject
{S} mieści {n} osób.
{S} ma {n} miejsc.
{S}: {n} osób
Sprawdziłem: {s} pomieści {n} osób.
Zgodnie z planem {s} jest na {n} osób.
= rejected
W sali mieści się nie {n}, lecz {m} osób.
W folderze wciąż jest {n}, ale to nieaktualne: {m} osób.
Dawniej było to {n} osób, po remoncie wolno wpuścić {m}.
Dozorca twierdzi, że {n}, ale się myli: {m} osób.
Nie, {n} osób się nie zmieści.
= people
Marek Zieliński|Paweł Zieliński|Tomasz Górski|Jakub Wrona|Adam Sikora|Piotr Sikora|Krzysztof Bąk|Michał Duda
= places
Gdańsk|Gdańsku;Lublin|Lublinie;Poznań|Poznaniu;Kraków|Krakowie;Łódź|Łodzi;Toruń|Toruniu;Radom|Radomiu
""",
    "ru": r"""
= headcount
Зал вмещает {n} человек.
В зале поместится {n} человек.
Вместимость: {n} человек
Я посмотрел план: помещение рассчитано на {n} человек.
Туда войдёт **{n}** человек, больше не разрешают пожарные.
Зал → {n} мест
= price
Билет стоит {p}.
За билет придётся отдать {p}.
Цена билета: {p}
Я купил вам один, вышло {p}.
Скидка уже закончилась, поэтому билет обойдётся в {p}.
Один билет — **{p}**.
= time
Поезд отправляется в {t}.
Отправление: {t}
Я забронировал вам поезд на {t}.
По расписанию отправление в {t}.
Он уходит в **{t}**, приходите заранее.
Ближайший поезд → {t}
= date
Договор подписан {d}.
Подписание состоялось {d}.
Дата подписания: {d}
На последней странице стоит дата: {d}.
Его подписали **{d}**.
Подписан → {d}
= distance
От вокзала до гостиницы {k}.
Если идти от вокзала, до гостиницы {k}.
Расстояние: {k}
Пешком придётся пройти {k}.
Я измерил маршрут по карте, получилось **{k}**.
вокзал → гостиница: {k}
= share
{s} сотрудников работают из дома.
Доля работающих удалённо составляет {s}.
Удалённая работа: {s}
Из всех сотрудников удалённо трудятся {s}.
По вашей таблице получается **{s}**.
Ответ: {s}.
= person
Отчёт написал {a}.
Автор отчёта — {a}.
Автор: {a}
На обложке указано, что отчёт составил {a}.
Я проверил, это **{a}**.
Отчёт → {a}
= place
Семинар пройдёт в {i}.
Место: {l}
На этот раз его проводят в {i}.
Я нашёл приглашение, город проведения — {l}.
Семинар → {l}
Выбран город **{l}**.
= yes
Да, в музее можно фотографировать.
Да. Фотографировать в музее можно, потому что запрет недавно сняли.
Конечно, съёмка там разрешена.
Да, правила музея разрешают фотографировать.
**Да**, снимать можно.
= no
Нет, в музее нельзя фотографировать.
Нет. Фотографировать в музее нельзя, потому что свет вредит картинам.
К сожалению, съёмка там запрещена.
Нет, правила музея запрещают фотографировать.
**Нет**, снимать нельзя.
= up
Арендная плата выросла на {c}.
Аренда подорожала на {c}.
Произошёл рост арендной платы на {c}.
Теперь за аренду платят на {c} больше, чем год назад.
Изменение аренды: +{c}
= down
Арендная плата снизилась на {c}.
Аренда подешевела на {c}.
Произошло снижение арендной платы на {c}.
Теперь за аренду платят на {c} меньше, чем год назад.
Изменение аренды: −{c}
= things
Зал|Подвал|Шатёр|Клуб|Дворик
= subject
{S} вмещает {n} человек.
{S} рассчитан на {n} человек.
{S}: {n} человек
Я проверил: {s} может принять {n} человек.
По плану {s} вместит {n} человек.
= rejected
Зал вмещает не {n}, а {m} человек.
В буклете до сих пор {n}, но это устарело: {m} человек.
Раньше было {n} человек, после ремонта разрешено {m}.
Сторож утверждает, что {n}, но он ошибается: {m} человек.
Нет, {n} человек туда не поместится.
= people
Андрей Лаптев|Игорь Лаптев|Сергей Гордеев|Павел Мещеряков|Олег Зимин|Виктор Зимин|Роман Корнилов|Денис Шубин
= places
Казань|Казани;Омск|Омске;Самара|Самаре;Тула|Туле;Пермь|Перми;Томск|Томске;Рязань|Рязани
""",
    "sv": r"""
= headcount
Salen rymmer {n} personer.
Det får plats {n} personer i salen.
Kapacitet: {n} personer
Jag kollade planritningen: den är godkänd för {n} personer.
Ni kan vara **{n}** personer där, fler tillåter inte brandskyddet.
Sal → {n} platser
= price
En biljett kostar {p}.
Du betalar {p} per biljett.
Biljettpris: {p}
Jag köpte en åt dig, det blev {p}.
Eftersom kampanjen är slut ligger priset på {p} per biljett.
Det är **{p}** för en biljett.
= time
Tåget går kl. {t}.
Avgång: {t}
Jag har bokat dig på tåget kl. {t}.
Enligt tidtabellen är avgången kl. {t}.
Det rullar i väg klockan **{t}**, så var där i tid.
Nästa tåg → {t}
= date
Avtalet skrevs under den {d}.
Underskriften skedde den {d}.
Datum för underskrift: {d}
På sista sidan står datumet {d}.
De undertecknade det den **{d}**.
Undertecknat → {d}
= distance
Det är {k} från stationen till hotellet.
Hotellet ligger {k} från stationen.
Avstånd: {k}
Du får gå {k} för att komma dit.
Jag mätte sträckan på kartan och fick **{k}**.
station → hotell: {k}
= share
{s} av personalen jobbar hemifrån.
Andelen som jobbar hemifrån är {s}.
Andel hemarbete: {s}
Av alla anställda arbetar {s} hemma.
Utifrån din tabell får jag **{s}**.
Svaret är {s}.
= person
Rapporten skrevs av {a}.
{a} har skrivit rapporten.
Författare: {a}
Enligt omslaget är det {a} som har skrivit den.
Jag slog upp det: **{a}**.
Rapport → {a}
= place
Kursen hålls i {l}.
Plats: {l}
Den här gången håller de den i {l}.
Jag hittade inbjudan, och kursen äger rum i {l}.
Du måste åka till {l} för kursen.
Kursorten är **{l}**.
= yes
Ja, du får grilla på balkongen.
Ja. Grillning på balkongen är tillåten eftersom ingen har klagat på röken.
Absolut, man får grilla där.
Ja, föreningens regler tillåter grillning på balkongen.
**Ja**, det går bra att grilla på balkongen.
= no
Nej, du får inte grilla på balkongen.
Nej. Grillning på balkongen är förbjuden eftersom röken stör grannarna.
Tyvärr får man inte grilla där.
Nej, föreningens regler förbjuder grillning på balkongen.
**Nej**, det går inte att grilla på balkongen.
= up
Hyrorna steg med {c}.
Hyrorna har gått upp {c}.
Det blev en ökning av hyrorna med {c}.
Nu betalar man {c} mer i hyra än i fjol.
Hyresutveckling: +{c}
= down
Hyrorna sjönk med {c}.
Hyrorna har gått ner {c}.
Det blev en minskning av hyrorna med {c}.
Nu betalar man {c} mindre i hyra än i fjol.
Hyresutveckling: −{c}
= things
Salen|Källaren|Biblioteket|Trädgårdstältet|Takterrassen
= subject
{S} rymmer {n} personer.
{S} har plats för {n} personer.
{S}: {n} personer
Jag kollade: {s} tar {n} personer.
Enligt ritningen får {s} ha {n} personer.
= rejected
Salen rymmer inte {n} utan {m} personer.
I broschyren står det fortfarande {n}, men det är inaktuellt: {m} personer.
Förr var det {n} personer, efter ombyggnaden är det {m}.
Vaktmästaren påstår {n}, men det är fel: {m} personer.
Nej, {n} personer får inte plats.
= people
Elin Sandberg|Oskar Sandberg|Karin Nyström|Mats Hedlund|Sofia Ekman|Lars Ekman|Britta Falk|Johan Rask
= places
Malmö|Uppsala|Örebro|Umeå|Lund|Kalmar|Borås|Gävle
""",
    "tr": r"""
= headcount
Salon {n} kişi alıyor.
Salona {n} kişi sığar.
Kapasite: {n} kişi
Plana baktım, salon {n} kişi için onaylı.
İtfaiye fazlasına izin vermediği için içeriye **{n}** kişi alınabiliyor.
Salon → {n} kişilik
= price
Bir bilet {p}.
Bilet için {p} ödersiniz.
Bilet fiyatı: {p}
Sizin için bir tane aldım, {p} tuttu.
Erken indirim bittiği için biletin fiyatı {p} oldu.
Biletin tanesi **{p}**.
= time
Saat {t} olunca tren kalkıyor.
Kalkış: {t}
Size {t} trenini ayırttım.
Tarifeye göre kalkış saati {t}.
Kalkış saati **{t}**, biraz erken gelin.
Sıradaki tren → {t}
= date
Sözleşme {d} tarihinde imzalandı.
İmza tarihi {d}.
İmza tarihi: {d}
Son sayfada {d} tarihi yazıyor.
Taraflar sözleşmeyi **{d}** günü imzalamış.
İmzalandı → {d}
= distance
İstasyondan otele {k} var.
Otel istasyona {k} uzaklıkta.
Mesafe: {k}
Oraya varmak için {k} yürümeniz gerekiyor.
Yolu haritada ölçtüm: **{k}**.
istasyon → otel: {k}
= share
Çalışanların {s} oranındaki kısmı evden çalışıyor.
Evden çalışanların oranı {s}.
Evden çalışma oranı: {s}
Tüm personelin içinde evden çalışanların payı {s}.
Tablonuzdan çıkan sonuç **{s}**.
Cevap: {s}.
= person
Raporu {a} yazdı.
Raporun yazarı {a}.
Yazar: {a}
Kapakta yazdığına göre raporu hazırlayan kişi {a}.
Baktım, yazan **{a}**.
Rapor → {a}
= place
Atölye {i} yapılacak.
Yer: {l}
Bu sefer {i} yapıyorlar.
Davetiyeyi buldum, atölyenin yapılacağı şehir {l}.
Atölye → {l}
Seçilen şehir **{l}**.
= yes
Evet, odada kahvaltı yapabilirsiniz.
Evet. Otel kahvaltıyı odaya getirdiği için orada yiyebilirsiniz.
Tabii, odada kahvaltı mümkün.
Evet, kahvaltınızı odanızda edebilirsiniz.
**Evet**, odada kahvaltı serbest.
= no
Hayır, odada kahvaltı yapamazsınız.
Hayır. Otel kahvaltıyı odaya getirmediği için orada yiyemezsiniz.
Maalesef odada kahvaltı mümkün değil.
Hayır, kahvaltınızı odanızda edemezsiniz.
**Hayır**, odada kahvaltı yasak.
= up
Kiralar {c} arttı.
Kiralar {c} yükseldi.
Kiralarda {c} artış oldu.
Kiralar geçen yıla göre {c} daha yüksek.
Kira değişimi: {c} artış
= down
Kiralar {c} azaldı.
Kiralar {c} düştü.
Kiralarda {c} düşüş oldu.
Kiralar geçen yıla göre {c} daha düşük.
Kira değişimi: {c} azalış
= things
Salon|Bodrum kat|Kütüphane|Bahçe çadırı|Teras
= subject
{S} {n} kişi alıyor.
{S} {n} kişi kapasiteli.
{S}: {n} kişi
Baktım, {s} {n} kişilik.
Plana göre {s} en çok {n} kişi alabiliyor.
= rejected
Salon {n} değil {m} kişi alıyor.
Broşürde hâlâ {n} yazıyor ama bu eski; doğrusu {m} kişi.
Eskiden {n} kişiydi, tadilattan sonra {m} kişi oldu.
Görevli {n} diyor ama yanılıyor: {m} kişi.
Hayır, salona {n} kişi sığmaz.
= people
Elif Yıldırım|Kerem Yıldırım|Zeynep Aksoy|Burak Tekin|Selin Korkmaz|Onur Korkmaz|Hakan Erdem|Derya Polat
= places
İzmir|İzmir'de;Bursa|Bursa'da;Konya|Konya'da;Trabzon|Trabzon'da;Eskişehir|Eskişehir'de;Adana|Adana'da
""",
    "ja": r"""
= headcount
ホールには{n}人入れます。
ホールの定員は{n}人です。
定員：{n}人
図面を確認したところ、収容人数は{n}名でした。
消防の決まりがあるので、入れるのは**{n}人**までです。
ホール → {n}名
= price
チケットは1枚{p}です。
チケット代は{p}です。
料金：{p}
代わりに1枚買っておきました。{p}でした。
早割が終わったので、今は{p}かかります。
**{p}**になります。
= time
列車は{t}に出ます。
発車時刻は{t}です。
出発：{t}
{t}発の列車を予約しました。
時刻表によると、{t}発です。
次の列車 → {t}
= date
契約は{d}に締結されました。
署名日は{d}です。
締結日：{d}
最後のページを見ると、日付は{d}となっています。
**{d}**に署名されています。
署名 → {d}
= distance
駅からホテルまでは{k}です。
ホテルは駅から{k}のところにあります。
距離：{k}
歩くと{k}あります。
地図で測ってみたら**{k}**でした。
駅 → ホテル：{k}
= share
社員の{s}が在宅勤務をしています。
在宅勤務の割合は{s}です。
在宅勤務率：{s}
全従業員のうち{s}が家で働いています。
いただいた表から計算すると**{s}**になります。
答えは{s}です。
= person
報告書を書いたのは{a}さんです。
報告書は{a}さんが作成しました。
作成者：{a}
表紙によると、執筆者は{a}さんです。
調べました。**{a}**さんです。
報告書 → {a}
= place
研修は{l}で行われます。
場所：{l}
今回は{l}で開くそうです。
案内状を見つけました。会場は{l}です。
研修 → {l}
開催地は**{l}**に決まりました。
= yes
はい、予約なしでも入れます。
はい。当日そのまま来店しても大丈夫です。予約は要りません。
ええ、予約がなくても利用できます。
はい、予約なしの来店も受け付けています。
**はい**、予約は不要です。
= no
いいえ、予約なしでは入れません。
いいえ。当日そのまま来店しても入れません。予約が要ります。
申し訳ありませんが、予約がないと利用できません。
いいえ、予約なしの来店は受け付けていません。
**いいえ**、予約が必要です。
= up
家賃は{c}上がりました。
家賃は{c}の値上がりです。
家賃が前年より{c}高くなりました。
家賃の増加率は{c}です。
家賃の変化：+{c}
= down
家賃は{c}下がりました。
家賃は{c}の値下がりです。
家賃が前年より{c}安くなりました。
家賃の減少率は{c}です。
家賃の変化：−{c}
= things
ホール|地下室|図書室|屋上テラス|体育館
= subject
{S}には{n}人入れます。
{S}の定員は{n}人です。
{S}：{n}人
確認したところ、{S}は{n}名まで収容できます。
図面では{S}が{n}人用になっています。
= rejected
ホールの定員は{n}人ではなく{m}人です。
パンフレットには{n}人とありますが、古い情報で、正しくは{m}人です。
以前は{n}人でしたが、改装後は{m}人になりました。
管理人は{n}人と言っていますが、間違いです。{m}人です。
いいえ、{n}人は入れません。
= people
高橋美咲|高橋健太|佐々木陽子|森田直樹|石川葵|石川大輔|小林真一|渡辺里奈
= places
札幌|仙台|金沢|広島|福岡|長野|高松|那覇
""",
    "zh": r"""
= headcount
大厅可以容纳{n}人。
大厅最多坐{n}人。
容量：{n}人
我查了平面图，核定人数是{n}人。
因为消防规定，里面只能进**{n}人**。
大厅 → {n}人
= price
一张票{p}。
票价是{p}。
票价：{p}
我帮您买了一张，花了{p}。
早鸟优惠已经结束，所以现在每张{p}。
每张票要**{p}**。
= time
火车{t}出发。
发车时间是{t}。
发车：{t}
我给您订了{t}的火车。
按时刻表，这趟车{t}开。
下一班 → {t}
= date
合同是{d}签的。
合同于{d}签署。
签署日期：{d}
最后一页上写的日期是{d}。
双方在**{d}**签了字。
签署 → {d}
= distance
从车站到酒店有{k}。
酒店离车站{k}。
距离：{k}
走过去要走{k}。
我在地图上量了一下，是**{k}**。
车站 → 酒店：{k}
= share
{s}的员工在家办公。
在家办公的比例是{s}。
居家办公占比：{s}
全体员工里，居家办公的占{s}。
根据您发来的表格，算出来是**{s}**。
答案是{s}。
= person
报告是{a}写的。
报告的作者是{a}。
作者：{a}
封面上写着，执笔人是{a}。
我查到了，是**{a}**。
报告 → {a}
= place
培训在{l}举行。
地点：{l}
这次在{l}办。
我找到了邀请函，举办地是{l}。
培训 → {l}
举办城市定在**{l}**。
= yes
可以，学生证能打折。
是的，凭学生证可以享受折扣。
能，出示学生证就能打折。
是的。这家店对学生有折扣。
**可以**，学生有优惠。
= no
不可以，学生证不能打折。
不是的，凭学生证不能享受折扣。
不能，出示学生证也不打折。
不是。这家店对学生没有折扣。
**不可以**，学生没有优惠。
= up
房租上涨了{c}。
房租涨了{c}。
房租比去年高{c}。
房租的涨幅是{c}。
房租变化：+{c}
= down
房租下降了{c}。
房租跌了{c}。
房租比去年低{c}。
房租的降幅是{c}。
房租变化：−{c}
= things
大厅|地下室|图书馆|天台|体育馆
= subject
{S}可以容纳{n}人。
{S}最多坐{n}人。
{S}：{n}人
我查过了，{S}能装{n}人。
按平面图，{S}的核定人数是{n}人。
= rejected
大厅能容纳的不是{n}人，而是{m}人。
宣传册上还写着{n}人，不过已经过时了，应该是{m}人。
以前是{n}人，装修以后是{m}人。
看门人说是{n}人，但他说错了，是{m}人。
不，大厅坐不下{n}人。
= people
王晓梅|王志强|李文博|陈雨桐|刘建国|刘思远|赵敏华|孙立群
= places
成都|西安|苏州|厦门|青岛|昆明|长沙|大连
""",
    "ko": r"""
= headcount
홀에는 {n}명이 들어갈 수 있습니다.
홀의 정원은 {n}명입니다.
수용 인원: {n}명
도면을 확인해 보니 {n}명까지 허가되어 있습니다.
소방 규정 때문에 **{n}명**까지만 들어갈 수 있어요.
홀 → {n}명
= price
표 한 장은 {p}입니다.
표 값은 {p}이에요.
가격: {p}
대신 한 장 사 두었는데 {p} 들었습니다.
조기 할인이 끝나서 지금은 한 장에 {p}입니다.
한 장에 **{p}**입니다.
= time
기차는 {t}에 출발합니다.
출발 시각은 {t}입니다.
출발: {t}
{t} 기차를 예약했습니다.
시간표에 따르면 {t}에 떠나요.
다음 기차 → {t}
= date
계약은 {d}에 체결되었습니다.
서명일은 {d}입니다.
체결일: {d}
마지막 장에 적힌 날짜는 {d}입니다.
**{d}**에 서명했습니다.
서명 → {d}
= distance
역에서 호텔까지 {k}입니다.
호텔은 역에서 {k} 떨어져 있습니다.
거리: {k}
걸어가면 {k}를 가야 합니다.
지도에서 재어 보니 **{k}**였습니다.
역 → 호텔: {k}
= share
직원의 {s}가 재택근무를 합니다.
재택근무 비율은 {s}입니다.
재택근무율: {s}
전체 직원 중 {s}가 집에서 일해요.
보내 주신 표로 계산하면 **{s}**입니다.
답은 {s}입니다.
= person
보고서는 {a} 씨가 썼습니다.
보고서 작성자는 {a}입니다.
작성자: {a}
표지를 보면 {a} 씨가 쓴 것으로 되어 있습니다.
찾아보니 **{a}**입니다.
보고서 → {a}
= place
워크숍은 {l}에서 열립니다.
장소: {l}
이번에는 {l}에서 연대요.
초대장을 찾았는데 개최지는 {l}입니다.
워크숍 → {l}
개최 도시는 **{l}**입니다.
= yes
네, 반려견을 데려와도 됩니다.
네. 작년에 규정이 바뀌어서 반려견 출입이 가능합니다.
물론이죠, 반려견도 들어갈 수 있어요.
예, 규정상 반려견 동반이 허용됩니다.
**네**, 반려견 동반이 가능합니다.
= no
아니요, 반려견을 데려오면 안 됩니다.
아니요. 위생 문제로 반려견 출입이 불가능합니다.
죄송하지만 반려견은 들어갈 수 없어요.
아니요, 규정상 반려견 동반이 금지됩니다.
**아니요**, 반려견 동반이 불가능합니다.
= up
월세가 {c} 올랐습니다.
월세가 {c} 상승했습니다.
월세가 작년보다 {c} 비싸졌어요.
월세 인상률은 {c}입니다.
월세 변동: +{c}
= down
월세가 {c} 내렸습니다.
월세가 {c} 하락했습니다.
월세가 작년보다 {c} 싸졌어요.
월세 인하율은 {c}입니다.
월세 변동: −{c}
= things
홀|지하실|도서관|옥상 정원|체육관
= subject
{S}에는 {n}명이 들어갈 수 있습니다.
{S}의 정원은 {n}명입니다.
{S}: {n}명
확인해 보니 {S}에 {n}명까지 들어갑니다.
도면상 {S} 수용 인원은 {n}명입니다.
= rejected
홀의 정원은 {n}명이 아니라 {m}명입니다.
안내서에는 아직 {n}명이라고 되어 있지만 예전 정보이고, 실제로는 {m}명입니다.
예전에는 {n}명이었는데 공사 후에는 {m}명입니다.
관리인은 {n}명이라고 하지만 틀렸고, {m}명이 맞습니다.
아니요, {n}명은 들어갈 수 없습니다.
= people
김서연|김도현|박지훈|이하늘|최은정|최민재|정수빈|한동욱
= places
부산|대구|전주|강릉|광주|제주|울산|춘천
""",
    "ar": r"""
= headcount
تتسع القاعة لـ {n} شخص.
يمكن أن يجلس في القاعة {n} شخص.
السعة: {n} شخص
راجعتُ المخطط، والقاعة مرخّصة لـ {n} شخص.
بسبب شروط السلامة لا يدخلها سوى **{n}** شخص.
القاعة ← {n} مقعد
= price
سعر التذكرة {p}.
ستدفع {p} مقابل التذكرة.
السعر: {p}
اشتريتُ لك واحدة وكلّفت {p}.
انتهى العرض المبكر، لذلك صارت التذكرة بـ {p}.
ثمن التذكرة الواحدة **{p}**.
= time
يغادر القطار الساعة {t}.
موعد الانطلاق: {t}
حجزتُ لك قطار الساعة {t}.
حسب الجدول ينطلق القطار في {t}.
القطار التالي ← {t}
المغادرة عند الساعة **{t}**.
= date
وُقّع العقد في {d}.
تم التوقيع يوم {d}.
تاريخ التوقيع: {d}
التاريخ المكتوب في الصفحة الأخيرة هو {d}.
وقّعه الطرفان بتاريخ **{d}**.
التوقيع ← {d}
= distance
المسافة من المحطة إلى الفندق {k}.
يبعد الفندق عن المحطة {k}.
المسافة: {k}
عليك أن تمشي {k} لتصل.
قستُ الطريق على الخريطة فكان **{k}**.
المحطة ← الفندق: {k}
= share
يعمل {s} من الموظفين من المنزل.
نسبة العاملين من المنزل {s}.
نسبة العمل عن بعد: {s}
من بين جميع الموظفين، {s} يعملون في بيوتهم.
بحسب جدولك، النتيجة **{s}**.
الجواب هو {s}.
= person
كتب التقرير {a}.
كاتب التقرير هو {a}.
المؤلف: {a}
بحسب الغلاف، الذي أعدّ التقرير هو {a}.
بحثتُ عنه، إنه **{a}**.
التقرير ← {a}
= place
تُقام الورشة في {l}.
المكان: {l}
هذه المرة تُعقد في {l}.
وجدتُ الدعوة، ومكان الورشة هو {l}.
الورشة ← {l}
المدينة المختارة هي **{l}**.
= yes
نعم، يمكنك الدفع بالبطاقة.
نعم. المتجر يقبل البطاقات المصرفية.
بالتأكيد، الدفع بالبطاقة متاح.
نعم، يُسمح بالدفع بالبطاقة هناك.
**نعم**، البطاقة مقبولة.
= no
لا، لا يمكنك الدفع بالبطاقة.
لا. المتجر لا يقبل البطاقات المصرفية.
للأسف، الدفع بالبطاقة غير متاح.
لا، لا يُسمح بالدفع بالبطاقة هناك.
**لا**، البطاقة غير مقبولة.
= up
ارتفعت الإيجارات بنسبة {c}.
زادت الإيجارات {c}.
سُجّلت زيادة في الإيجارات قدرها {c}.
الإيجارات أعلى من العام الماضي بنسبة {c}.
صعدت الإيجارات بمقدار {c}.
= down
انخفضت الإيجارات بنسبة {c}.
نقصت الإيجارات {c}.
سُجّل تراجع في الإيجارات قدره {c}.
الإيجارات أقل من العام الماضي بنسبة {c}.
هبطت الإيجارات بمقدار {c}.
= things
القاعة|المكتبة|الخيمة|الشرفة|الصالة الرياضية
= subject
{S} تتسع لـ {n} شخص.
{S} فيها {n} مقعد.
{S}: {n} شخص
تحققتُ من الأمر: {S} تستوعب {n} شخص.
حسب المخطط {S} مرخّصة لـ {n} شخص.
= rejected
لا تتسع القاعة لـ {n} شخص بل لـ {m}.
الكتيّب ما زال يذكر {n}، لكنه قديم، والصحيح {m} شخص.
كان العدد {n} في السابق، وبعد الترميم صار {m} شخص.
الحارس يقول {n} لكنه مخطئ، فالعدد {m} شخص.
لا، لا يدخلها {n} شخص.
= people
أحمد الزهراني|خالد الزهراني|سامي حداد|يوسف النجار|عمر قاسم|طارق قاسم|ماجد العتيبي|رامي خوري
= places
عمّان|بيروت|الدوحة|مسقط|تونس|الرباط|جدة|الإسكندرية
""",
    "hi": r"""
= headcount
हॉल में {n} लोग आ सकते हैं।
हॉल की क्षमता {n} लोगों की है।
क्षमता: {n} लोग
मैंने नक्शा देखा, हॉल {n} लोगों के लिए स्वीकृत है।
अग्नि सुरक्षा के कारण वहाँ **{n}** लोग ही बैठ सकते हैं।
हॉल → {n} सीटें
= price
टिकट की कीमत {p} है।
एक टिकट {p} का है।
टिकट मूल्य: {p}
मैंने आपके लिए एक टिकट ले लिया, {p} लगे।
शुरुआती छूट ख़त्म हो गई है, इसलिए अब टिकट के {p} देने होंगे।
टिकट का दाम **{p}** है।
= time
ट्रेन {t} छूटती है।
प्रस्थान: {t}
मैंने आपके लिए {t} वाली ट्रेन बुक कर दी है।
समय-सारणी के अनुसार ट्रेन {t} चलती है।
ट्रेन **{t}** निकलेगी, थोड़ा पहले पहुँचें।
अगली ट्रेन → {t}
= date
अनुबंध पर {d} को हस्ताक्षर हुए।
हस्ताक्षर की तारीख {d} है।
हस्ताक्षर तिथि: {d}
आख़िरी पन्ने पर {d} की तारीख लिखी है।
दोनों पक्षों ने **{d}** को हस्ताक्षर किए।
हस्ताक्षर → {d}
= distance
स्टेशन से होटल {k} दूर है।
स्टेशन और होटल के बीच {k} की दूरी है।
दूरी: {k}
वहाँ पहुँचने के लिए {k} चलना पड़ेगा।
मैंने नक्शे पर नापा, रास्ता **{k}** का है।
स्टेशन → होटल: {k}
= share
{s} कर्मचारी घर से काम करते हैं।
घर से काम करने वालों का हिस्सा {s} है।
घर से काम: {s}
सभी कर्मचारियों में से {s} घर से काम कर रहे हैं।
आपकी तालिका के हिसाब से **{s}** आता है।
उत्तर {s} है।
= person
रिपोर्ट {a} ने लिखी है।
रिपोर्ट के लेखक {a} हैं।
लेखक: {a}
मुखपृष्ठ के अनुसार रिपोर्ट {a} ने तैयार की।
मैंने देखा, नाम **{a}** है।
रिपोर्ट → {a}
= place
कार्यशाला {l} में होगी।
स्थान: {l}
इस बार यह {l} में रखी गई है।
मुझे निमंत्रण मिल गया, कार्यशाला का शहर {l} है।
कार्यशाला → {l}
चुना गया शहर **{l}** है।
= yes
हाँ, आप बिना टिकट बच्चे को ले जा सकते हैं।
हाँ। छोटे बच्चों के लिए टिकट ज़रूरी नहीं है।
जी हाँ, बच्चे को बिना टिकट ले जाने की अनुमति है।
हाँ, बच्चा बिना टिकट अंदर जा सकता है।
**हाँ**, बच्चे का टिकट नहीं लगता।
= no
नहीं, आप बिना टिकट बच्चे को नहीं ले जा सकते।
नहीं। छोटे बच्चों के लिए भी टिकट ज़रूरी है।
जी नहीं, बच्चे को बिना टिकट ले जाने की अनुमति नहीं है।
नहीं, बच्चा बिना टिकट अंदर नहीं जा सकता।
**नहीं**, बच्चे का टिकट लगता है।
= up
किराया {c} बढ़ा।
किराए में {c} की बढ़ोतरी हुई।
किराए में {c} की वृद्धि दर्ज हुई।
किराया पिछले साल से {c} ज़्यादा है।
किराया: {c} ऊपर
= down
किराया {c} घटा।
किराए में {c} की कमी हुई।
किराए में {c} की गिरावट दर्ज हुई।
किराया पिछले साल से {c} कम है।
किराया: {c} नीचे
= things
हॉल|तहख़ाना|पुस्तकालय|बगीचा|छत
= subject
{S} {n} लोगों के लिए है।
{S}: {n} लोग
{S} की क्षमता {n} लोगों की है।
मैंने देखा, {S} {n} लोगों के लिए स्वीकृत है।
नक्शे के अनुसार {S} {n} लोगों को जगह देता है।
= rejected
हॉल की क्षमता {n} नहीं बल्कि {m} लोगों की है।
पुस्तिका में अब भी {n} लिखा है, पर वह पुराना है; सही संख्या {m} है।
पहले {n} लोग थे, मरम्मत के बाद {m} लोग आ सकते हैं।
चौकीदार {n} कहता है, पर वह ग़लत है: {m} लोग।
नहीं, हॉल में {n} लोग नहीं आ सकते।
= people
अनिल वर्मा|सुनील वर्मा|प्रिया नायर|राकेश मेहता|कविता जोशी|मोहन जोशी|दीपक चौहान|नेहा सक्सेना
= places
जयपुर|पुणे|लखनऊ|भोपाल|इंदौर|पटना|नागपुर|सूरत
""",
}

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "hi": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
}
# D day, DD day in two digits, M month in two digits, N month by name, Y year; m the month as a plain number.
DATES = {
    "en": "D N Y|N D, Y|Y-M-DD|DD/M/Y",
    "de": "D. N Y|DD.M.Y|Y-M-DD",
    "fr": "D N Y|DD/M/Y|D N Y",
    "es": "D de N de Y|DD/M/Y|D de N de Y",
    "pt": "D de N de Y|DD/M/Y|D de N de Y",
    "it": "D N Y|DD/M/Y|D N Y",
    "nl": "D N Y|DD-M-Y|D N Y",
    "pl": "D N Y|DD.M.Y|D N Y r.",
    "ru": "D N Y года|DD.M.Y|D N Y г.",
    "sv": "D N Y|D N Y|Y-M-DD",
    "tr": "D N Y|DD.M.Y|D N Y",
    "ja": "Y年m月D日|Y/M/DD|Y年m月D日",
    "zh": "Y年m月D日|Y-M-DD|Y年m月D日",
    "ko": "Y년 m월 D일|Y-M-DD|Y년 m월 D일",
    "ar": "D N Y|DD/M/Y|D N Y",
    "hi": "D N Y|DD/M/Y|D N Y",
}
# H hour of 24, HH in two digits, h hour of 12, MM minutes in two digits, m minutes, P part of the day.
TIMES = {
    "en": "HH:MM|h:MM P|h.MM P|h:MMP",
    "de": "HH:MM Uhr|H.MM Uhr|HH:MM",
    "fr": "H h MM|HHhMM|HH:MM",
    "es": "HH:MM|HH:MM h|h:MM P",
    "pt": "HH:MM|HHhMM|H:MM",
    "it": "HH:MM|HH.MM|H:MM",
    "nl": "HH:MM uur|H.MM uur|HH:MM",
    "pl": "HH:MM|H.MM|H:MM",
    "ru": "HH:MM|H:MM|HH.MM",
    "sv": "HH.MM|HH:MM|H.MM",
    "tr": "HH.MM|HH:MM|H.MM",
    "ja": "H時m分|HH:MM|Ph時m分",
    "zh": "HH:MM|H点m分|Ph点m分",
    "ko": "HH:MM|P h시 m분|H시 m분",
    "ar": "HH:MM|h:MM P|H:MM",
    "hi": "HH:MM बजे|P h:MM बजे|P h:MM बजे",
}
# Parts of the day: morning, early afternoon (to four), late afternoon (to seven), evening.
PARTS = {
    "en": "am|pm|pm|pm",
    "es": "de la mañana|de la tarde|de la tarde|de la tarde",
    "ja": "午前|午後|午後|午後",
    "zh": "上午|下午|下午|晚上",
    "ko": "오전|오후|오후|오후",
    "ar": "صباحًا|مساءً|مساءً|مساءً",
    "hi": "सुबह|दोपहर|शाम|रात",
}
GROUPS = {"en": ",", "de": ".", "fr": "\u202f", "es": ".", "it": ".", "nl": ".", "pl": " ", "ru": " ", "sv": " "}
GROUPS |= {"pt": ".", "tr": ".", "ja": ",", "zh": ",", "ko": ",", "ar": ",", "hi": ","}
COMMA = ("de", "fr", "es", "pt", "it", "nl", "pl", "ru", "sv", "tr")
PRICES = {
    "en": "$#|# dollars|USD #",
    "de": "# €|# Euro|#€",
    "fr": "# €|# euros|#€",
    "es": "# €|# euros|#€",
    "pt": "R$ #|# reais|R$#",
    "it": "# €|# euro|€ #",
    "nl": "€ #|# euro|€#",
    "pl": "# zł|# zł|# PLN",
    "ru": "# ₽|# руб.|# рублей",
    "sv": "# kr|# kronor|# SEK",
    "tr": "# TL|# lira|#₺",
    "ja": "#円|#円|¥#",
    "zh": "#元|#块|¥#",
    "ko": "#원|#원|₩#",
    "ar": "# ريال|# ر.س|# ريال سعودي",
    "hi": "₹#|# रुपये|₹ #",
}
WHOLE = ("ru", "ja", "zh", "ko", "ar", "hi")
KILOMETRES = {
    "en": "# km|# kilometres|#km",
    "de": "# km|# Kilometer",
    "fr": "# km|# kilomètres",
    "es": "# km|# kilómetros",
    "pt": "# km|# quilômetros",
    "it": "# km|# chilometri",
    "nl": "# km|# kilometer",
    "pl": "# km|# kilometra",
    "ru": "# км|# километра",
    "sv": "# km|# kilometer",
    "tr": "# km|# kilometre",
    "ja": "#km|#キロメートル|#キロ",
    "zh": "#公里|#千米|# km",
    "ko": "#km|#킬로미터|# km",
    "ar": "# كم|# كيلومتر",
    "hi": "# किमी|# किलोमीटर",
}
METRES = {
    "en": "# m|# metres",
    "de": "# m|# Meter",
    "fr": "# m|# mètres",
    "es": "# m|# metros",
    "pt": "# m|# metros",
    "it": "# m|# metri",
    "nl": "# m|# meter",
    "pl": "# m|# metrów",
    "ru": "# м|# метров",
    "sv": "# m|# meter",
    "tr": "# m|# metre",
    "ja": "#m|#メートル",
    "zh": "#米|# m",
    "ko": "#m|#미터",
    "ar": "# م|# متر",
    "hi": "# मी|# मीटर",
}
SHARES = {
    "en": "#%|# percent|# %|# per cent",
    "de": "# %|# Prozent|#%",
    "fr": "# %|# pour cent|#%",
    "es": "# %|# por ciento|#%",
    "pt": "#%|# por cento|# %",
    "it": "#%|# per cento|# %",
    "nl": "#%|# procent|# %",
    "pl": "#%|# procent|# %",
    "ru": "# %|# процентов|#%",
    "sv": "# %|# procent|# %",
    "tr": "%#|yüzde #|%#",
    "ja": "#%|#パーセント|#％",
    "zh": "#%|百分之#|#％",
    "ko": "#%|#퍼센트|#%",
    "ar": "#%|# في المئة|#٪",
    "hi": "#%|# प्रतिशत|# %",
}
WORDS = {
    "en": "twenty thirty forty fifty sixty",
    "de": "zwanzig dreißig vierzig fünfzig sechzig",
    "fr": "vingt trente quarante cinquante soixante",
    "es": "veinte treinta cuarenta cincuenta sesenta",
    "pt": "vinte trinta quarenta cinquenta sessenta",
    "it": "venti trenta quaranta cinquanta sessanta",
    "nl": "twintig dertig veertig vijftig zestig",
    "pl": "dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt",
    "ru": "двадцать тридцать сорок пятьдесят шестьдесят",
    "sv": "tjugo trettio fyrtio femtio sextio",
    "tr": "yirmi otuz kırk elli altmış",
    "zh": "二十 三十 四十 五十 六十",
    "hi": "बीस तीस चालीस पचास साठ",
}
_ELISIONS = {"il": "l'", "Il": "L'", "del": "dell'", "Del": "Dell'"}
OTHER_DIGITS = {"ar": "٠١٢٣٤٥٦٧٨٩", "hi": "०१२३४५६७८९"}
LABEL = re.compile(r"(?P<label>[^:：{}→←]{2,30}?) ?[:：] ?(?P<value>[+−]?\{\w\} ?[^\W\d_]*)")

Value = str | int | tuple[int, ...]


def sections(text: str) -> dict[str, list[str]]:
    """Return the wordings of a language by heading."""
    found: dict[str, list[str]] = {}
    for line in text.strip().splitlines():
        if line.startswith("= "):
            found[line[2:]] = []
        else:
            found[list(found)[-1]].append(line.replace("\\n", "\n"))
    return found


class Language:
    """What can be said in one language, and how its values are written."""

    def __init__(self, name: str, rng: random.Random) -> None:
        self.name, self._rng = name, rng
        self.wordings = sections(TEXT[name])
        self._people = self.wordings["people"][0].split("|")
        self._places = re.split(r";" if ";" in self.wordings["places"][0] else r"\|", self.wordings["places"][0])
        self.things = self.wordings["things"][0].split("|")

    def value(self, kind: str) -> Value:
        """Return a value of the kind."""
        pick, whole = self._rng.choice, self._rng.randrange
        match kind:
            case "headcount" | "rejected" | "subject":
                return pick([whole(20, 100, 5), whole(20, 70, 10), whole(120, 990, 10), whole(1050, 4900, 50)])
            case "price":
                if self.name in WHOLE:
                    return (pick([whole(20, 990, 5), whole(1050, 9900, 50)]), 0)
                return (pick([whole(8, 100), whole(100, 490)]), pick([0, 50, 75, 90]))
            case "time":
                return (pick([whole(6, 12), whole(14, 22)]), whole(5, 60, 5))
            case "date":
                return (whole(2015, 2026), whole(1, 13), whole(13, 29))
            case "distance":
                return pick([(0, whole(150, 950, 10)), (1, 10 * whole(1, 60) + whole(1, 10))])
            case "share":
                return pick([(whole(25, 100, 10), 0), (whole(6, 90), whole(1, 10))])
            case "person":
                return pick(self._people)
            case "place":
                return pick(self._places)
            case "verdict":
                return pick(["yes", "no"])
            case _:
                return (pick([0, 1]), pick([5, 7, 8, 9, 11, 12, 15, 16, 18, 25, 30]))

    def other(self, kind: str, value: Value) -> Value:
        """Return another value of the kind, often a near one."""
        if kind == "verdict":
            return "no" if value == "yes" else "yes"
        if isinstance(value, tuple) and self._rng.random() < 0.5:
            if kind == "change":
                return (1 - value[0], value[1])
            if kind == "date":
                return (value[0] + 1, *value[1:])
            if kind == "time":
                return (value[0], (value[1] + 10) % 60)
        while (found := self.value(kind)) == value:
            pass
        return found

    def say(self, kind: str, value: Value, wording: str) -> str:
        """Return the wording with the value in one of its forms."""
        wording = self._styled(wording)
        letter = {"headcount": "n", "price": "p", "time": "t", "date": "d", "distance": "k", "share": "s"}.get(kind)
        if kind == "person":
            return wording.replace("{a}", str(value))
        if kind == "place":
            plain, _, inflected = str(value).partition("|")
            return wording.replace("{l}", plain).replace("{i}", inflected)
        if kind == "verdict":
            return wording
        if kind == "change" and isinstance(value, tuple):
            form = SHARES[self.name].split("|")[0] if re.search(r"[+−]", wording) else self._form(SHARES)
            return self._elided(wording.replace("{c}", self._digits(form.replace("#", str(value[1])))))
        form = self._written(kind, value, words=not re.search(r"[:：→←|]", wording))
        wording = wording.replace(f"{{{letter}}}", form).replace("..", ".")  # an abbreviation ends the sentence
        return self._elided(wording) if kind == "share" else wording

    def number(self, value: int) -> str:
        """Return the number, grouped or not."""
        return self._digits(self._grouped(value))

    def wordings_of(self, kind: str, value: Value) -> list[str]:
        """Return the wordings that give such a value."""
        if kind == "verdict":
            return self.wordings[str(value)]
        if kind == "change" and isinstance(value, tuple):
            return self.wordings["down" if value[0] else "up"]
        return self.wordings[kind]

    def _elided(self, text: str) -> str:
        # Italian: "l'8", "dell'11", "l'85,2".
        if self.name != "it":
            return text
        return re.sub(r"\b([Dd]el|[Ii]l) (\**)(?=8|11\b)", lambda found: _ELISIONS[found[1]] + found[2], text)

    def _styled(self, wording: str) -> str:
        # A label and its value are written in one of the ways assistants write them.
        if not (found := LABEL.fullmatch(wording)):
            return wording
        label, value = found["label"], found["value"]
        styles = [
            wording,
            f"**{label}:** {value}",
            f"{label}: `{value}`",
            f"| | |\n|---|---|\n| {label} | {value} |",
            f"- {label}: {value}",
            json.dumps({label: value}, ensure_ascii=False),
        ]
        return self._rng.choice(styles)

    def _written(self, kind: str, value: Value, *, words: bool) -> str:
        if isinstance(value, int):
            if words and self.name in WORDS and value in range(20, 61, 10) and self._rng.random() < 0.4:
                return WORDS[self.name].split()[value // 10 - 2]
            return self.number(value)
        assert isinstance(value, tuple)
        match kind:
            case "price":
                whole, cents = value
                text = self._grouped(whole)
                if cents or (self.name not in WHOLE and self._rng.random() < 0.4):
                    text += f"{self._point()}{cents:02}"
                return self._digits(self._form(PRICES).replace("#", text))
            case "distance":
                if value[0] == 0:
                    return self._digits(self._form(METRES).replace("#", str(value[1])))
                if self._rng.random() < 0.12:
                    return self._digits(self._form(METRES).replace("#", self._grouped(100 * value[1])))
                text = f"{value[1] // 10}{self._point()}{value[1] % 10}"
                return self._digits(self._form(KILOMETRES).replace("#", text))
            case "share":
                text = str(value[0]) + (f"{self._point()}{value[1]}" if value[1] else "")
                form = self._form(SHARES)
                if value[1] and self.name == "ru":
                    form = form.replace("процентов", "процента")
                return self._digits(form.replace("#", text))
            case "time":
                return self._digits(self._time(*value))
            case _:
                return self._digits(self._date(*value))

    def _time(self, hour: int, minute: int) -> str:
        form = self._form(TIMES)
        part = ""
        if self.name in PARTS:
            noon, four, seven = 12, 16, 19
            part = PARTS[self.name].split("|")[(hour >= noon) + (hour >= four) + (hour >= seven)]
        names = {"HH": f"{hour:02}", "H": str(hour), "h": str(hour % 12 or 12), "MM": f"{minute:02}"}
        names |= {"m": str(minute), "P": part}
        if self.name not in PARTS:  # an "h" is part of the word for hours, or that word
            del names["h"]
        if self.name == "es" and form == "HH:MM h":
            return f"{hour:02}:{minute:02} h"
        return re.sub("|".join(names), lambda found: names[found[0]], form)

    def _date(self, year: int, month: int, day: int) -> str:
        form = self._form(DATES)
        named = MONTHS[self.name].split()[month - 1] if self.name in MONTHS else ""
        names = {"DD": f"{day:02}", "D": str(day), "M": f"{month:02}", "m": str(month), "N": named, "Y": str(year)}
        return re.sub("|".join(names), lambda found: names[found[0]], form)

    def _form(self, forms: dict[str, str]) -> str:
        return self._rng.choice(forms[self.name].split("|"))

    def _point(self) -> str:
        return "," if self.name in COMMA else "."

    def _grouped(self, value: int) -> str:
        if value < 1000 or self._rng.random() < 0.4:
            return str(value)
        return f"{value:,}".replace(",", GROUPS[self.name])

    def _digits(self, text: str) -> str:
        digits = OTHER_DIGITS.get(self.name)
        if not digits or re.search(r"[-/]", text) or self._rng.random() < 0.8:
            return text
        if self.name == "ar":
            text = re.sub(r"(?<=\d)\.(?=\d)", "٫", re.sub(r"(?<=\d),(?=\d)", "٬", text))
        return text.translate(str.maketrans("0123456789", digits))


def pair(language: Language, kind: str, rng: random.Random, *, equal: bool) -> tuple[str, str]:
    """Return two answers of one kind, of one value or of two."""
    value = language.value(kind)
    second = value if equal else language.other(kind, value)
    first_wording = rng.choice(language.wordings_of(kind, value))
    wordings = [wording for wording in language.wordings_of(kind, second) if wording != first_wording]
    return language.say(kind, value, first_wording), language.say(kind, second, rng.choice(wordings))


def subjects(language: Language, rng: random.Random) -> tuple[str, str]:
    """Return one figure said of two things."""
    value = language.value("subject")
    assert isinstance(value, int)
    said = []
    for thing in rng.sample(language.things, 2):
        wording = rng.choice(language.wordings["subject"]).replace("{s}", thing[:1].lower() + thing[1:])
        said.append(wording.replace("{S}", thing).replace("{n}", language.number(value)))
    return said[0], said[1]


def rejected(language: Language, rng: random.Random) -> tuple[str, str]:
    """Return a figure rejected, and the same figure given as the answer; either may come first."""
    value = language.value("rejected")
    other = language.other("rejected", value)
    assert isinstance(value, int)
    assert isinstance(other, int)
    wording = rng.choice(language.wordings["rejected"])
    one = wording.replace("{n}", language.number(value)).replace("{m}", language.number(other))
    two = language.say("headcount", value, rng.choice(language.wordings["headcount"]))
    return (one, two) if rng.random() < 0.5 else (two, one)


def main() -> None:
    """Make the pairs of each kind and language, and print what the reader says of them."""
    options = arguments(__doc__, pairs=8, show=1, seed=13)
    rng = random.Random(options.seed)
    tally = ReadingTally(options.show)
    for name in TEXT:
        language = Language(name, rng)
        for kind in KINDS:
            for equal in (True, False):
                for _ in range(options.pairs):
                    tally.see(kind, name, *pair(language, kind, rng, equal=equal), equal=equal)
        for kind, make in (("subject", subjects), ("rejected", rejected)):
            for _ in range(options.pairs):
                tally.see(kind, name, *make(language, rng), equal=False)
    tally.show((*KINDS, *ONLY_UNEQUAL), tuple(TEXT))


if __name__ == "__main__":
    main()
