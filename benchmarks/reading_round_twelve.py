"""A twelfth round of pairs, held back at first sight of version 6 of the reader, and mended for since.

    python -m benchmarks.reading_round_twelve [--pairs 8] [--show 1] [--seed 12]

Its figures at first sight estimate how wordings are read that the reader's authors have not seen. It shares no code, tables
or templates with the reader or with the rounds before. Its answers are those of an assistant that talks to customers: they
open with a yes, a no or a courtesy and only then say the value, stand in tags or below a heading, and end with a question
back or a sign-off. All sentences of a kind answer one question, so two of them with one value say the same. In `courtesy`
both answers open with the same words and go on with different values; in `reasoned` the answer is the yes or no, and the
figure only belongs to its reason. Whoever mends the reader for one of its pairs says so in RESULTS/reading.md and writes
a thirteenth.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from benchmarks.reading_tally import ReadingTally, arguments

# A language's texts: fields are parted by ;; or a line's end, wordings of a field by |.
FIELDS = (
    *("open", "close", "heading", "count", "amount", "date", "time", "percent", "quantity", "person", "city"),
    *("option", "code", "list", "yes word", "no word", "yes", "no", "yes reasoned", "no reasoned"),
)
TEXTS = {
    "en": """Yes, of course! | Sure thing - | No problem. | Certainly, happy to help. | Thanks for reaching out! | Yes, I've just checked. | Got it. | No worries at all! | Absolutely, here you go:
        Is there anything else I can do for you? | Have a lovely day! | Shall I e-mail you the confirmation? | Kind regards, your support team ;; Result
        We currently have {} units in stock. | There are {} of them left in the warehouse. | Stock on hand comes to {}. ;; Your order total is {}. | The whole order comes to {}. | You'll be charged {} for the order. ;; It arrives on {}. | Your parcel will be delivered on {}. | You can expect delivery on {}.
        Your appointment starts at {}. | You're booked in for {}. ;; The discount is {}. | You get {} off. ;; The parcel weighs {}. | On the scales it came out at {}. ;; Your contact is {}. | {} is looking after your case. ;; Your parcel is in {} right now. | Right now it's waiting in {}.
        Option {} suits you best. | In your situation I'd go with {}. ;; Your booking reference is {}. | It's filed under {}. ;; Lockers {} are free. | The free ones are {}. ;; Yes ;; No
        Yes, because opened items are covered by our return policy. | Yes. It is enough that the packaging is complete. | Absolutely, you can send them back even though the seal is broken. | Yes, that works: the seal makes no difference for audio products.
        No, because hygiene products are excluded once they've been opened. | No. It is against our terms to take back unsealed earphones. | Unfortunately not, the broken seal rules out a return. | No, sorry: we only accept them in unopened condition.
        Yes, you're still within the {}-day window. | Yes. Returns are open for {} days, and yours only arrived last week. | Yes, the {} days haven't run out yet. ;; No, the {}-day window has closed. | No. Returns are open for {} days, and that time is over. | Unfortunately not: the {} days have already passed.""",
    "de": """Ja, natürlich! | Klar, gerne. | Kein Problem. | Nein, das ist gar kein Aufwand! | Danke für Ihre Nachricht. | Ja, ich habe gerade nachgesehen. | Alles klar! | Selbstverständlich, hier die Auskunft:
        Kann ich sonst noch etwas für Sie tun? | Einen schönen Tag noch! | Soll ich Ihnen die Bestätigung zumailen? | Viele Grüße, Ihr Serviceteam ;; Ergebnis
        Wir haben derzeit {} Stück auf Lager. | Im Lager liegen noch {} davon. | Der Bestand beträgt {}. ;; Ihre Bestellung kostet insgesamt {}. | Der Gesamtbetrag liegt bei {}. ;; Die Lieferung kommt am {}. | Ihr Paket wird am {} zugestellt. | Geliefert wird am {}.
        Ihr Termin beginnt um {}. | Sie sind für {} eingetragen. ;; Sie bekommen {} Rabatt. | Ihr Nachlass liegt bei {}. ;; Das Paket wiegt {}. | Auf der Waage waren es {}. ;; Zuständig für Sie ist {}. | Um Ihr Anliegen kümmert sich {}. ;; Ihr Paket ist gerade in {}. | Die Sendung liegt zurzeit in {}.
        Am besten passt für Sie Variante {}. | An Ihrer Stelle würde ich {} nehmen. ;; Ihre Buchungsnummer lautet {}. | Sie finden den Vorgang unter {}. ;; Frei sind die Schließfächer {}. | Noch nicht belegt: {}. ;; Ja ;; Nein
        Ja, denn auch geöffnete Ware dürfen Sie zurückschicken. | Ja. Wichtig ist bloß, dass die Verpackung vollständig ist. | Auf jeden Fall, das gebrochene Siegel stört uns nicht. | Ja, weil wir hier kulant sind.
        Nein, denn geöffnete Hygieneartikel sind ausgeschlossen. | Nein. Unsere Bedingungen lassen das bei gebrochenem Siegel nicht zu. | Leider nicht, die Verpackung wurde ja schon geöffnet. | Nein, weil wir nur Originalverpacktes zurücknehmen.
        Ja, Sie liegen noch innerhalb der Frist von {} Tagen. | Ja. Sie haben {} Tage Zeit, und die sind nicht um. | Ja, denn die {} Tage laufen noch. ;; Nein, die Frist von {} Tagen ist abgelaufen. | Nein. Sie hatten {} Tage Zeit, und die sind um. | Leider nein, denn die {} Tage sind vorbei.""",
    "fr": """Oui, bien sûr ! | Avec plaisir. | Pas de souci. | Non, ça ne me dérange pas du tout ! | Merci pour votre message. | Oui, je viens de vérifier. | C'est noté. | Tout à fait, voici l'information :
        Puis-je vous aider pour autre chose ? | Excellente journée à vous ! | Voulez-vous que je vous envoie la confirmation ? | Bien à vous, le service client ;; Résultat
        Nous en avons {} en stock. | Il reste {} unités à l'entrepôt. | Le stock actuel est de {}. ;; Le total de votre commande est de {}. | Votre commande revient à {} en tout. ;; La livraison est prévue le {}. | Vous recevrez votre colis le {}. | Il arrive le {}.
        Votre rendez-vous commence à {}. | On vous attend à {}. ;; Vous bénéficiez de {} de remise. | La réduction accordée est de {}. ;; Le colis pèse {}. | La balance affiche {}. ;; Votre interlocuteur est {}. | Le dossier est suivi par {}. ;; Votre colis se trouve actuellement à {}. | Il est en attente à {} pour le moment.
        La formule {} vous conviendrait le mieux. | À votre place, je prendrais la {}. ;; Votre référence de réservation est {}. | Le dossier est enregistré sous {}. ;; Les casiers {} sont libres. | Sont encore disponibles : {}. ;; Oui ;; Non
        Oui, car les articles ouverts sont repris eux aussi. | Oui. Il suffit que l'emballage soit complet. | Absolument, le sceau brisé ne pose aucune difficulté. | Oui, parce que nous faisons un geste commercial dans ce cas.
        Non, car les articles d'hygiène ouverts sont exclus. | Non. Nos conditions l'interdisent une fois le sceau brisé. | Malheureusement non, l'emballage a déjà été ouvert. | Non, parce que nous ne reprenons que le neuf sous blister.
        Oui, vous êtes encore dans le délai de {} jours. | Oui. Vous disposez de {} jours et ils ne sont pas écoulés. | Oui, car les {} jours courent toujours. ;; Non, le délai de {} jours est dépassé. | Non. Vous disposiez de {} jours et ils sont écoulés. | Malheureusement non, car les {} jours sont passés.""",
    "es": """¡Sí, por supuesto! | Claro que sí. | No hay problema. | No, no es ninguna molestia. | ¡Gracias por escribirnos! | Sí, acabo de comprobarlo. | Entendido. | Con mucho gusto, aquí va:
        ¿Le puedo ayudar en algo más? | ¡Que tenga un buen día! | ¿Quiere que le mande la confirmación por correo? | Un saludo, el equipo de atención ;; Resultado
        Ahora mismo tenemos {} unidades en almacén. | Quedan {} en existencias. | El stock actual es de {}. ;; El total de su pedido es de {}. | Todo el pedido le sale por {}. ;; Llega el {}. | Su paquete se entregará el {}. | La entrega está prevista para el {}.
        Su cita empieza a las {}. | Le esperan a las {}. ;; Tiene un {} de descuento. | La rebaja que le corresponde es del {}. ;; El paquete pesa {}. | En la báscula ha dado {}. ;; La persona que le atiende es {}. | De su caso se ocupa {}. ;; Su paquete está ahora en {}. | Ahora mismo lo tenemos en {}.
        La opción {} es la que mejor le va. | Yo en su lugar cogería la {}. ;; Su código de reserva es {}. | Está registrado como {}. ;; Están libres las taquillas {}. | Las que quedan libres son {}. ;; Sí ;; No
        Sí, porque también admitimos artículos abiertos. | Sí. Basta con que el embalaje esté completo. | Por supuesto que puede, el precinto roto no es impedimento. | Sí, ya que en estos casos somos flexibles.
        No, porque los productos de higiene abiertos quedan excluidos. | No. Nuestras condiciones lo impiden si se ha roto el precinto. | Lamentablemente no, el envase ya está abierto. | No, ya que solo aceptamos artículos sin estrenar.
        Sí, todavía está dentro del plazo de {} días. | Sí. Dispone de {} días y aún no se han cumplido. | Sí, porque los {} días no han terminado. ;; No, el plazo de {} días ha vencido. | No. Disponía de {} días y ya se han cumplido. | Lamentablemente no, porque los {} días han terminado.""",
    "pt": """Sim, com certeza! | Claro, já lhe digo. | Sem problema. | Não, não incomoda nada! | Obrigado pelo contato. | Sim, acabei de verificar. | Certo, entendi. | Com prazer, segue a informação:
        Posso ajudar em mais alguma coisa? | Tenha um ótimo dia! | Quer que eu envie a confirmação por e-mail? | Atenciosamente, equipe de suporte ;; Resultado
        Temos {} unidades em estoque. | Restam {} no depósito. | O estoque atual é de {}. ;; O total do seu pedido é {}. | O pedido inteiro fica em {}. ;; Chega no dia {}. | Sua encomenda será entregue em {}. | A entrega está prevista para {}.
        Seu atendimento começa às {}. | Você está agendado para as {}. ;; Você ganha {} de desconto. | O abatimento concedido é de {}. ;; O pacote pesa {}. | Na balança deu {}. ;; Quem cuida do seu caso é {}. | Seu contato aqui é {}. ;; Sua encomenda está agora em {}. | No momento ela está parada em {}.
        A opção {} é a melhor para você. | No seu lugar eu ficaria com a {}. ;; O código da sua reserva é {}. | Está registrado como {}. ;; Os armários {} estão livres. | Os que sobraram são {}. ;; Sim ;; Não
        Sim, porque aceitamos também produtos abertos. | Sim. Basta que a embalagem esteja completa. | Pode sim, o lacre rompido não atrapalha. | Sim, já que nossa política é flexível nesse ponto.
        Não, porque itens de higiene abertos ficam de fora. | Não. Nossos termos não permitem quando o lacre foi rompido. | Infelizmente não, a embalagem já foi aberta. | Não, já que só aceitamos produtos sem uso.
        Sim, você ainda está no prazo de {} dias. | Sim. São {} dias e eles não terminaram. | Sim, porque os {} dias continuam correndo. ;; Não, o prazo de {} dias já acabou. | Não. Eram {} dias e eles terminaram. | Infelizmente não, porque os {} dias se esgotaram.""",
    "it": """Sì, certo! | Volentieri. | Nessun problema. | No, si figuri, nessun disturbo! | Grazie per averci scritto. | Sì, ho appena controllato. | Ricevuto. | Con piacere, ecco l'informazione:
        Posso esserle utile in altro? | Le auguro una buona giornata! | Vuole che le mandi la conferma via mail? | Cordiali saluti, il servizio clienti ;; Risultato
        In magazzino ne abbiamo {}. | Restano {} pezzi disponibili. | La giacenza attuale è di {}. ;; Il totale del suo ordine è di {}. | L'intero ordine le viene a costare {}. ;; Arriva il {}. | Il pacco le sarà consegnato il {}. | La consegna è prevista per il {}.
        Il suo appuntamento inizia alle {}. | La aspettano alle {}. ;; Lo sconto è pari a {}. | Riduzione applicata: {}. ;; Il pacco pesa {}. | Sulla bilancia risultano {}. ;; La sua persona di riferimento è {}. | Della sua pratica si occupa {}. ;; Il pacco ora si trova a {}. | Al momento è fermo a {}.
        Per lei va meglio la soluzione {}. | Al suo posto sceglierei la {}. ;; Il suo codice di prenotazione è {}. | È registrato come {}. ;; Sono liberi gli armadietti {}. | Quelli ancora disponibili sono {}. ;; Sì ;; No
        Sì, perché accettiamo anche articoli aperti. | Sì. Basta che la confezione sia completa. | Assolutamente sì, il sigillo rotto non è un ostacolo. | Sì, dato che su questo siamo elastici.
        No, perché gli articoli igienici aperti sono esclusi. | No. Le nostre condizioni lo vietano se il sigillo è rotto. | Purtroppo no, la confezione è già stata aperta. | No, dato che ritiriamo soltanto merce sigillata.
        Sì, è ancora entro il termine di {} giorni. | Sì. Ha {} giorni di tempo e non sono trascorsi. | Sì, perché i {} giorni non sono finiti. ;; No, il termine di {} giorni è scaduto. | No. Aveva {} giorni di tempo e sono trascorsi. | Purtroppo no, perché i {} giorni sono finiti.""",
    "nl": """Ja, natuurlijk! | Graag gedaan. | Geen probleem. | Nee hoor, geen moeite! | Bedankt voor uw bericht. | Ja, ik heb het net nagekeken. | Begrepen. | Zeker, hier komt het:
        Kan ik verder nog iets voor u betekenen? | Fijne dag nog! | Zal ik u de bevestiging mailen? | Met vriendelijke groet, de klantenservice ;; Resultaat
        Er liggen er {} op voorraad. | In het magazijn hebben we nog {} stuks. | De huidige voorraad is {}. ;; Uw bestelling komt in totaal op {}. | Het totaalbedrag van de bestelling is {}. ;; Het komt aan op {}. | Uw pakket wordt op {} bezorgd. | De levering staat gepland voor {}.
        Uw afspraak begint om {}. | U wordt om {} verwacht. ;; U krijgt {} korting. | De korting bedraagt {}. ;; Het pakket weegt {}. | De weegschaal geeft {} aan. ;; Uw contactpersoon is {}. | Uw dossier ligt bij {}. ;; Uw pakket is nu in {}. | Het ligt op dit moment in {}.
        Voor u is optie {} het beste. | Ik zou in uw geval {} nemen. ;; Uw boekingscode is {}. | Het staat geregistreerd onder {}. ;; De kluisjes {} zijn vrij. | Nog beschikbaar zijn {}. ;; Ja ;; Nee
        Ja, want geopende artikelen nemen we ook terug. | Ja. Het is genoeg dat de verpakking compleet is. | Zeker, het verbroken zegel is geen bezwaar. | Ja, omdat we daar soepel in zijn.
        Nee, want geopende hygiëneartikelen zijn uitgesloten. | Nee. Onze voorwaarden staan dat met een verbroken zegel niet toe. | Helaas niet, de verpakking is al open geweest. | Nee, omdat we alleen ongeopende producten terugnemen.
        Ja, u zit nog binnen de termijn van {} dagen. | Ja. U hebt {} dagen de tijd en die zijn nog niet om. | Ja, want de {} dagen lopen nog. ;; Nee, de termijn van {} dagen is verstreken. | Nee. U had {} dagen de tijd en die zijn om. | Helaas niet, want de {} dagen zijn voorbij.""",
    "pl": """Tak, oczywiście! | Jasne, już mówię. | Nie ma problemu. | Nie, to żaden kłopot! | Dziękujemy za wiadomość. | Tak, właśnie sprawdziłam. | Rozumiem. | Z przyjemnością, oto odpowiedź:
        Czy mogę jeszcze w czymś pomóc? | Miłego dnia! | Czy przesłać potwierdzenie mailem? | Pozdrawiamy, zespół obsługi klienta ;; Wynik
        W magazynie mamy {} szt. | Zostało ich {}. | Obecny stan magazynowy to {}. ;; Łączna kwota zamówienia to {}. | Za całe zamówienie zapłaci Pani {}. ;; Dostawa nastąpi {}. | Paczka dotrze {}. | Termin doręczenia to {}.
        Wizyta zaczyna się o godzinie {}. | Jest Pan umówiony na {}. ;; Przysługuje Panu {} rabatu. | Zniżka wynosi {}. ;; Paczka waży {}. | Waga pokazała {}. ;; Pana opiekunem jest {}. | Sprawę prowadzi {}. ;; Paczka jest teraz w mieście {}. | Aktualne miejsce pobytu przesyłki: {}.
        Najlepsza dla Pana będzie opcja {}. | Na Pani miejscu wybrałabym {}. ;; Numer rezerwacji to {}. | Sprawa figuruje pod oznaczeniem {}. ;; Wolne są skrytki {}. | Niezajęte pozostały: {}. ;; Tak ;; Nie
        Tak, ponieważ przyjmujemy też otwarte produkty. | Tak. Wystarczy, że opakowanie jest kompletne. | Oczywiście, że tak, zerwana plomba nie przeszkadza. | Tak, bo w takich sprawach jesteśmy elastyczni.
        Nie, ponieważ otwarte artykuły higieniczne są wyłączone ze zwrotów. | Nie. Regulamin na to nie pozwala po zerwaniu plomby. | Niestety nie, opakowanie zostało już otwarte. | Nie, bo przyjmujemy wyłącznie towar nieużywany.
        Tak, wciąż mieści się Pani w terminie {} dni. | Tak. Ma Pan {} dni, a one jeszcze nie minęły. | Tak, bo {} dni jeszcze trwa. ;; Nie, termin {} dni już upłynął. | Nie. Miał Pan {} dni, a one już minęły. | Niestety nie, bo {} dni już się skończyło.""",
    "ru": """Да, конечно! | Хорошо, сейчас подскажу. | Без проблем. | Нет, что вы, мне не трудно! | Спасибо за обращение. | Да, я только что проверила. | Поняла вас. | С удовольствием, вот ответ:
        Могу ли я ещё чем-нибудь помочь? | Хорошего вам дня! | Прислать вам подтверждение на почту? | С уважением, служба поддержки ;; Результат
        Сейчас на складе {} шт. | Осталось {} штук. | Текущий остаток — {}. ;; Сумма вашего заказа — {}. | Весь заказ обойдётся вам в {}. ;; Доставка будет {}. | Посылку привезут {}. | Дата доставки — {}.
        Ваш приём начинается в {}. | Вас ждут в {}. ;; Вам положена скидка {}. | Размер скидки — {}. ;; Посылка весит {}. | Весы показали {}. ;; Ваш менеджер — {}. | Вашим вопросом занимается {}. ;; Посылка сейчас в городе {}. | Текущее местонахождение: {}.
        Вам лучше всего подойдёт вариант {}. | На вашем месте я бы выбрала {}. ;; Номер вашей брони — {}. | Заявка записана под номером {}. ;; Свободны ячейки {}. | Не заняты: {}. ;; Да ;; Нет
        Да, потому что вскрытый товар мы тоже принимаем. | Да. Достаточно, чтобы упаковка была полной. | Конечно, сорванная пломба не помеха. | Да, ведь в таких случаях мы идём навстречу.
        Нет, потому что вскрытые средства гигиены возврату не подлежат. | Нет. По правилам с сорванной пломбой это не допускается. | К сожалению, нет, упаковка уже вскрыта. | Нет, ведь мы берём обратно исключительно новый товар.
        Да, вы ещё укладываетесь в срок {} дней. | Да. У вас есть {} дней, и они не закончились. | Да, потому что {} дней ещё не прошло. ;; Нет, срок {} дней уже истёк. | Нет. У вас было {} дней, и они закончились. | К сожалению, нет, потому что {} дней уже прошло.""",
    "sv": """Ja, självklart! | Visst, det ordnar jag. | Inga problem. | Nej då, det är ingen fara! | Tack för att du hör av dig. | Ja, jag har precis kollat. | Uppfattat. | Absolut, så här är det:
        Kan jag hjälpa dig med något mer? | Ha en fin dag! | Ska jag mejla dig bekräftelsen? | Vänliga hälsningar, kundtjänst ;; Resultat
        Vi har {} stycken i lager. | Det finns {} kvar på lagret. | Lagersaldot är {}. ;; Din beställning kostar totalt {}. | Hela ordern går på {}. ;; Den kommer den {}. | Ditt paket levereras den {}. | Leveransdagen är den {}.
        Din tid börjar klockan {}. | Du är inbokad klockan {}. ;; Du får {} rabatt. | Rabatten ligger på {}. ;; Paketet väger {}. | Vågen visade {}. ;; Din kontaktperson är {}. | Det är {} som sköter ditt ärende. ;; Ditt paket är just nu i {}. | Det befinner sig för tillfället i {}.
        Alternativ {} passar dig bäst. | I ditt läge skulle jag ta {}. ;; Ditt bokningsnummer är {}. | Ärendet ligger under {}. ;; Skåpen {} är lediga. | De som är lediga är {}. ;; Ja ;; Nej
        Ja, för vi tar tillbaka öppnade varor också. | Ja. Det räcker att förpackningen är komplett. | Absolut, den brutna förseglingen gör inget. | Ja, eftersom vi är generösa med sådant.
        Nej, för öppnade hygienartiklar är undantagna. | Nej. Våra villkor tillåter det inte när förseglingen är bruten. | Tyvärr inte, förpackningen är redan öppnad. | Nej, eftersom vi bara tar emot oanvända varor.
        Ja, du är fortfarande inom fristen på {} dagar. | Ja. Du har {} dagar på dig och de har inte gått än. | Ja, för de {} dagarna löper fortfarande. ;; Nej, fristen på {} dagar har gått ut. | Nej. Du hade {} dagar på dig och de har gått. | Tyvärr inte, för de {} dagarna är slut.""",
    "tr": """Evet, elbette! | Tabii ki, hemen söylüyorum. | Sorun değil. | Hayır, hiç zahmet olmaz! | Bize yazdığınız için teşekkürler. | Evet, az önce kontrol ettim. | Anladım. | Memnuniyetle, bilgi şöyle:
        Başka bir konuda yardımcı olabilir miyim? | İyi günler dilerim! | Onayı e-posta ile göndereyim mi? | Saygılarımızla, müşteri hizmetleri ;; Sonuç
        Stokta şu an {} adet var. | Depoda {} tane kaldı. | Mevcut stok: {}. ;; Siparişinizin toplamı {}. | Siparişin tamamı {} tutuyor. ;; Teslimat tarihi {}. | Paketiniz {} tarihinde teslim edilecek. | {} günü elinizde olur.
        Randevunuz saat {} itibarıyla başlıyor. | Sizi saat {} için kaydettik. ;; Hesabınıza {} indirim tanımlı. | İndirim oranınız {}. ;; Paketin ağırlığı {}. | Tartıda {} geldi. ;; Sizinle ilgilenen kişi {}. | Dosyanıza {} bakıyor. ;; Paketiniz şu anda {} şehrinde. | Şu anki konumu {}.
        Size en uygun seçenek {}. | Yerinizde olsam {} seçeneğini alırdım. ;; Rezervasyon kodunuz {}. | Kaydınız {} koduyla duruyor. ;; Boş dolaplar: {}. | {} numaralı dolaplar müsait. ;; Evet ;; Hayır
        Evet, çünkü açılmış ürünleri de geri alıyoruz. | Evet. Kutunun eksiksiz olması yeterli. | Elbette, mührün açılmış olması engel değil. | Evet, zira bu konuda esnek davranıyoruz.
        Hayır, çünkü açılmış hijyen ürünleri kapsam dışında. | Hayır. Mühür açıldıktan sonra koşullarımız buna izin vermiyor. | Maalesef hayır, ambalaj zaten açılmış. | Hayır, zira sadece kullanılmamış ürünleri alıyoruz.
        Evet, {} günlük sürenin içindesiniz. | Evet. {} gün hakkınız var ve henüz bitmedi. | Evet, çünkü {} gün daha dolmadı. ;; Hayır, {} günlük süre geçti. | Hayır. {} gün hakkınız vardı ve bitti. | Maalesef hayır, çünkü {} gün doldu.""",
    "ja": """はい、承知しました。 | もちろんです！ | 問題ございません。 | いいえ、とんでもないです。 | お問い合わせありがとうございます。 | はい、ただいま確認いたしました。 | かしこまりました。 | お待たせいたしました。
        ほかにご不明な点はございますか？ | 良い一日をお過ごしください。 | 確認メールをお送りしましょうか？ | 今後ともよろしくお願いいたします。 ;; 結果
        現在の在庫は{}個です。 | 倉庫には{}個残っております。 | 在庫数は{}でございます。 ;; 合計は{}です。 | ご注文の総額は{}になります。 ;; お届けは{}です。 | お荷物は{}に届きます。 | 配達予定日は{}でございます。
        ご予約は{}からです。 | 開始時刻は{}となっております。 ;; 割引率は{}です。 | このクーポンで{}引きになります。 ;; お荷物の重さは{}です。 | 計量したところ{}でした。 ;; 担当は{}です。 | 本件は{}が承っております。 ;; お荷物は現在{}にございます。 | ただいまの所在地は{}です。
        お客様にはプラン{}が最適です。 | 私でしたら{}を選びます。 ;; 予約番号は{}です。 | {}という番号で登録されております。 ;; 空いているロッカーは{}です。 | ご利用いただけるのは{}番です。 ;; はい ;; いいえ
        はい、開封済みの商品も返品の対象だからです。 | はい。箱や付属品がそろっていれば大丈夫です。 | はい、可能です。シールが破れていても差し支えありません。 | ええ、できます。当店は柔軟に対応しております。
        いいえ、開封済みの衛生用品は対象外だからです。 | いいえ。シールを破った後は規約上お受けできません。 | 申し訳ございませんが、できません。すでに開封されております。 | いいえ、未使用の商品に限らせていただいております。
        はい、{}日間の期限内です。 | はい。返品期間は{}日で、まだ過ぎておりません。 | はい、{}日がまだ経過していないためです。 ;; いいえ、{}日間の期限を過ぎております。 | いいえ。返品期間は{}日で、すでに終了しました。 | いいえ、{}日がもう経過したためです。""",
    "zh": """好的，没问题！ | 是的，当然可以。 | 不客气。 | 不，一点也不麻烦。 | 感谢您的咨询。 | 是的，我刚刚查过了。 | 明白了。 | 亲，您久等了。
        请问还有什么可以帮您？ | 祝您生活愉快！ | 需要我把确认信发到您的邮箱吗？ | 客服小组敬上 ;; 结果
        目前库存有{}件。 | 仓库里还剩{}个。 | 现有数量是{}。 ;; 您的订单总额是{}。 | 这一单一共要付{}。 ;; 包裹{}送达。 | 预计{}到货。 | 送货日期定在{}。
        您的预约从{}开始。 | 给您约的是{}。 ;; 您可以享受{}的折扣减免。 | 优惠幅度为{}。 ;; 包裹重{}。 | 称出来是{}。 ;; 您的专属客服是{}。 | 这件事由{}负责。 ;; 包裹目前在{}。 | 快件现在的位置是{}。
        最适合您的是方案{}。 | 换作是我会选{}。 ;; 您的预订编号是{}。 | 登记的编号为{}。 ;; 空着的柜子是{}。 | {}号柜可以用。 ;; 是 ;; 否
        是的，因为已拆封的商品也能退。 | 可以。只要包装齐全就行。 | 是的，封条破了也没有关系。 | 可以的，这方面我们比较灵活。
        不行，因为拆封的卫生用品不在退货范围内。 | 不可以。封条破损后按规定不予受理。 | 很抱歉，不能退，包装已经打开了。 | 不行，我们只收全新未用的商品。
        是的，您还在{}天的期限内。 | 可以。退货期是{}天，还没有到。 | 是的，因为{}天还没过完。 ;; 不行，{}天的期限已经过了。 | 不可以。退货期是{}天，已经结束了。 | 不行，因为{}天早就过完了。""",
    "ko": """네, 물론입니다! | 네, 알겠습니다. | 문제없습니다. | 아니요, 전혀 번거롭지 않습니다. | 문의해 주셔서 감사합니다. | 네, 방금 확인했습니다. | 기다려 주셔서 감사합니다. | 그럼요, 바로 안내해 드릴게요.
        더 도와드릴 일이 있을까요? | 좋은 하루 보내세요! | 확인 메일을 보내 드릴까요? | 고객센터 드림 ;; 결과
        현재 재고는 {}개입니다. | 창고에 {}개 남아 있습니다. | 남은 수량은 {}입니다. ;; 주문 총액은 {}입니다. | 전부 합해서 {} 결제하시면 됩니다. ;; 도착일은 {}입니다. | 택배는 {}에 배송됩니다. | {}에 받아 보실 수 있습니다.
        예약은 {}에 시작합니다. | 예약 시간은 {}입니다. ;; 할인율은 {}입니다. | 이 쿠폰으로 {} 할인됩니다. ;; 택배 무게는 {}입니다. | 저울에 달아 보니 {} 나왔습니다. ;; 담당자는 {}입니다. | 이 건은 {} 님이 맡고 있습니다. ;; 택배는 지금 {}에 있습니다. | 현재 위치는 {}입니다.
        고객님께는 {}안이 가장 좋습니다. | 저라면 {} 쪽을 고르겠습니다. ;; 예약 번호는 {}입니다. | {} 번호로 등록되어 있습니다. ;; 비어 있는 사물함은 {}입니다. | {}번을 쓰실 수 있습니다. ;; 네 ;; 아니요
        네, 개봉한 상품도 반품 대상이기 때문입니다. | 네. 포장이 온전하면 충분합니다. | 네, 가능합니다. 봉인이 뜯겨도 상관없습니다. | 물론 됩니다. 저희는 유연하게 처리합니다.
        아니요, 개봉한 위생용품은 제외되기 때문입니다. | 아니요. 봉인을 뜯은 뒤에는 약관상 받지 않습니다. | 죄송하지만 안 됩니다. 이미 포장을 여셨습니다. | 아니요, 저희는 새 상품만 받고 있습니다.
        네, 아직 {}일 기한 안입니다. | 네. 반품 기간은 {}일이고 아직 끝나지 않았습니다. | 네, {}일이 다 지나지 않았기 때문입니다. ;; 아니요, {}일 기한이 지났습니다. | 아니요. 반품 기간은 {}일이고 이미 끝났습니다. | 아니요, {}일이 벌써 지났기 때문입니다.""",
    "ar": """نعم، بالتأكيد! | على الرحب والسعة. | لا مشكلة. | لا، ليس في ذلك أي إزعاج. | شكرًا لتواصلك معنا. | نعم، تحققت من ذلك للتو. | مفهوم. | بكل سرور، إليك المعلومة:
        هل من خدمة أخرى أقدمها لك؟ | نتمنى لك يومًا سعيدًا! | هل أرسل لك رسالة التأكيد؟ | مع تحيات فريق الدعم ;; النتيجة
        لدينا الآن {} قطعة في المخزن. | بقي منها {} في المستودع. | الكمية المتوفرة هي {}. ;; إجمالي طلبك هو {}. | كلفة الطلب كله {}. ;; يصل الطرد في {}. | موعد التسليم هو {}. | ستستلم الشحنة يوم {}.
        يبدأ موعدك الساعة {}. | حجزنا لك الساعة {}. ;; نسبة الخصم هي {}. | تحصل على خصم قدره {}. ;; وزن الطرد {}. | أظهر الميزان {}. ;; المسؤول عن ملفك هو {}. | يتابع طلبك {}. ;; الطرد الآن في {}. | الشحنة موجودة حاليًا في {}.
        الأنسب لك هو الخيار {}. | لو كنت مكانك لاخترت {}. ;; رقم حجزك هو {}. | طلبك مسجل تحت الرمز {}. ;; الخزائن الفارغة هي {}. | المتاح منها {}. ;; نعم ;; لا
        نعم، لأننا نقبل المنتجات المفتوحة أيضًا. | نعم. يكفي أن تكون العبوة كاملة. | بالتأكيد، فالختم المكسور لا يمنع ذلك. | نعم، فنحن مرنون في هذه الحالات.
        لا، لأن منتجات النظافة المفتوحة مستثناة. | لا. شروطنا تمنع ذلك بعد كسر الختم. | للأسف لا، فقد فُتحت العبوة. | لا، فنحن نسترجع السلع الجديدة وحدها.
        نعم، ما زلت ضمن مهلة {} يومًا. | نعم. لديك {} يومًا ولم تنته بعد. | نعم، لأن مدة {} يومًا ما زالت سارية. ;; لا، فقد انقضت مهلة {} يومًا. | لا. كان لديك {} يومًا وقد انتهت. | للأسف لا، لأن مدة {} يومًا مضت.""",
    "hi": """जी हाँ, बिल्कुल! | ज़रूर, अभी बताती हूँ। | कोई बात नहीं। | नहीं नहीं, इसमें कोई परेशानी नहीं है! | संपर्क करने के लिए धन्यवाद। | हाँ, मैंने अभी देख लिया है। | ठीक है, समझ गया। | आपकी प्रतीक्षा के लिए आभार।
        क्या मैं आपकी और कोई मदद कर सकता हूँ? | आपका दिन शुभ हो! | क्या पुष्टि ईमेल पर भेज दूँ? | सादर, ग्राहक सेवा ;; परिणाम
        अभी स्टॉक में {} नग हैं। | गोदाम में {} बचे हैं। | मौजूदा स्टॉक {} है। ;; आपके ऑर्डर का कुल मूल्य {} है। | पूरे ऑर्डर के {} लगेंगे। ;; डिलीवरी {} को होगी। | आपका पार्सल {} को पहुँचेगा। | डिलीवरी की तारीख़ {} है।
        आपका अपॉइंटमेंट {} से शुरू है। | आपके लिए समय {} रखा गया है। ;; आपको {} की छूट मिलेगी। | छूट की दर {} है। ;; पार्सल का वज़न {} है। | तौलने पर {} निकला। ;; आपके संपर्क अधिकारी {} हैं। | आपका मामला {} देख रहे हैं। ;; आपका पार्सल अभी {} में है। | इस समय वह {} में रखा है।
        आपके लिए विकल्प {} सबसे अच्छा रहेगा। | आपकी जगह मैं {} चुनता। ;; आपका बुकिंग नंबर {} है। | यह {} के नाम से दर्ज है। ;; लॉकर {} ख़ाली हैं। | इस समय उपलब्ध हैं: {}। ;; हाँ ;; नहीं
        हाँ, क्योंकि खुला हुआ सामान भी हम वापस लेते हैं। | जी हाँ। बस पैकिंग पूरी होनी चाहिए। | बिल्कुल, सील टूटी हो तब भी चलेगा। | हाँ, इस मामले में हम उदार हैं।
        नहीं, क्योंकि खुले हुए स्वच्छता उत्पाद इसमें शामिल नहीं हैं। | जी नहीं। सील टूटने के बाद नियम इसकी अनुमति नहीं देते। | माफ़ कीजिए, नहीं, पैकेट खुल चुका है। | नहीं, हम केवल नया सामान वापस लेते हैं।
        हाँ, आप अभी {} दिन की अवधि के भीतर हैं। | जी हाँ। आपके पास {} दिन हैं और वे पूरे नहीं हुए। | हाँ, क्योंकि {} दिन अभी बीते नहीं हैं। ;; नहीं, {} दिन की अवधि निकल चुकी है। | जी नहीं। आपके पास {} दिन थे और वे पूरे हो गए। | नहीं, क्योंकि {} दिन बीत चुके हैं।""",
}  # fmt: skip
LANGUAGES = list(TEXTS)
ROOMS = ["<final>{}</final>", "<result>{}</result>", "<output>{}</output>", "<reply>\n{}\n</reply>", "<response><value>{}</value></response>", "**{heading}**\n\n{}", "## {heading}\n{}", "**{heading}:** {}"]  # fmt: skip
MONTHS = {
    "en": "January February March April May June July August September October November December", "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre", "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro", "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december", "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря", "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık", "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "hi": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
}  # fmt: skip
DAYS = {"en": "{d} {m} {y}|{m} {d}, {y}", "de": "{d}. {m} {y}", "es": "{d} de {m} de {y}", "pt": "{d} de {m} de {y}", "ru": "{d} {m} {y} года|{d} {m} {y}", "ja": "{y}年{n}月{d}日", "zh": "{y}年{n}月{d}日", "ko": "{y}년 {n}월 {d}일"}  # fmt: skip
TIMES = {
    "en": "{h}:{m}|{t}:{m} {p}M|{t}:{m} {p}.M.", "de": "{h}:{m} Uhr|{h}.{m} Uhr", "fr": "{h}:{m}|{h} h {m}|{h}h{m}", "es": "{h}:{m}|{h}:{m} h", "pt": "{h}:{m}|{h}h{m}", "it": "{h}:{m}|{h}.{m}", "nl": "{h}:{m} uur|{h}.{m} uur",
    "pl": "{h}:{m}|{h}.{m}", "sv": "{h}:{m}|{h}.{m}", "tr": "{h}:{m}|{h}.{m}", "ja": "{h}:{m}|{h}時{m}分", "zh": "{h}:{m}|{h}点{m}分", "ko": "{h}:{m}|{h}시 {m}분",
}  # fmt: skip
MONEY = {
    "en": "${}|{} USD|{} dollars", "de": "{} €|{} EUR|{} Euro", "fr": "{} €|{} EUR|{} euros", "es": "{} €|{} EUR|{} euros", "pt": "R$ {}|{} reais|BRL {}", "it": "{} €|{} euro|€ {}", "nl": "€ {}|{} euro|€{}", "pl": "{} zł|{} PLN",
    "ru": "{} ₽|{} руб.|{} RUB", "sv": "{} kr|{} SEK|{} kronor", "tr": "{} TL|₺{}|{} lira", "ja": "{}円|¥{}", "zh": "{}元|¥{}", "ko": "{}원|₩{}", "ar": "{} ريال سعودي|{} SAR", "hi": "₹{}|{} रुपये|Rs. {}",
}  # fmt: skip
PERCENT = {
    "en": "{} percent", "de": "{} Prozent", "fr": "{} pour cent", "es": "{} por ciento", "pt": "{} por cento", "it": "{} per cento", "nl": "{} procent", "pl": "{} procent", "ru": "{} процентов", "sv": "{} procent", "tr": "yüzde {}",
    "ja": "{}パーセント", "zh": "百分之{}", "ko": "{}퍼센트", "ar": "{} بالمئة", "hi": "{} प्रतिशत",
}  # fmt: skip
WEIGHTS = {"ru": "кг г", "zh": "公斤 克", "ar": "كيلوغرام غرام", "hi": "किलोग्राम ग्राम"}
AND = dict(zip(LANGUAGES, ["and", "und", "et", "y", "e", "e", "en", "i", "и", "och", "ve", "と", "和", "및", "و", "और"], strict=True))  # fmt: skip
POINTS = {language: " \u202f"[language == "fr"] if language in ("fr", "pl", "ru", "sv") else "." for language in LANGUAGES[1:11]}  # fmt: skip
PLACES = {
    "ru": "Казань Томск Самара Тверь Омск Псков", "ja": "大阪 札幌 仙台 福岡 神戸 広島", "zh": "成都 杭州 青岛 武汉 西安 厦门", "ko": "부산 대구 인천 광주 대전 울산", "ar": "الرياض جدة دبي الدوحة مسقط الشارقة",
    "hi": "जयपुर लखनऊ पटना भोपाल नागपुर इंदौर",
}  # fmt: skip
PEOPLE = {
    "ru": "Анна Соколова,Игорь Белов,Ольга Крылова,Павел Дёмин,Вера Зуева,Антон Лапин", "ja": "佐藤,高橋,渡辺,中村,小林,加藤", "zh": "王丽,李强,张敏,刘洋,陈静,赵磊", "ko": "김민수,이서연,박지훈,최유진,정하늘,한도윤",
    "ar": "سامي حداد,كريم منصور,يوسف الخطيب,عمر ناصر,طارق زيدان,فادي سالم", "hi": "अमित शर्मा,राहुल वर्मा,संजय गुप्ता,विकास जोशी,मनोज तिवारी,दीपक मेहता",
}  # fmt: skip


def phrases(language: str, field: str) -> list[str]:
    """Return the wordings of a field."""
    fields = TEXTS[language].replace("\n", " ;; ").split(" ;; ")
    return [wording.strip() for wording in dict(zip(FIELDS, fields, strict=True))[field].split(" | ")]


def number(value: float, language: str, decimals: int = 0, *, parted: bool = False) -> str:
    """Write a number as the language does."""
    mark = POINTS.get(language)
    text = f"{value:,.{decimals}f}" if parted else f"{value:.{decimals}f}"
    return text.translate({ord(","): mark, ord("."): ","}) if mark else text


def say(kind: str, truth: Any, language: str, rng: Random, *, alone: bool) -> str:
    """Write a value, without the words around it; alone, in a form that needs none."""
    match kind:
        case "count":
            return number(truth, language, parted=not alone and rng.random() < 0.5)
        case "amount":
            decimals = 0 if language in ("ja", "ko") else 2
            text = number(truth if not decimals else truth / 100, language, decimals, parted=rng.random() < 0.5)
            return rng.choice(MONEY[language].split("|")).format(text)
        case "date":
            month = MONTHS[language].split()[truth.month - 1] if language in MONTHS else ""
            forms = [*DAYS.get(language, "{d} {m} {y}").split("|"), f"{truth:%Y-%m-%d}"]
            return rng.choice(forms).format(d=truth.day, m=month, n=truth.month, y=truth.year)
        case "time":
            hour, minute = divmod(truth, 60)
            forms = TIMES.get(language, "{h}:{m}").split("|")[: 1 if alone else None]
            return rng.choice(forms).format(h=hour, m=f"{minute:02}", t=(hour - 1) % 12 + 1, p="AP"[hour > 11])
        case "percent":
            text = number(truth, language, 0 if truth % 1 == 0 else 1)
            sign = "%{}" if language == "tr" else "{}%"
            return rng.choice([sign, PERCENT[language] if truth % 1 == 0 else sign, f"**{sign}**"]).format(text)
        case "quantity":
            heavy, light = WEIGHTS.get(language, "kg g").split()
            kilos = number(truth / 1000, language, 0 if truth % 1000 == 0 else 1)
            return rng.choice([f"{kilos} {heavy}", f"**{kilos} {heavy}**", f"{truth} {light}"])
        case "person" | "city":
            people = "Marta Lindqvist,Paul Okafor,Nina Rossi,David Chen,Clara Moreau,Jonas Weber"
            places = "Oslo Bilbao Malmö Toronto Bergen Dallas"
            named = (
                PEOPLE.get(language, people).split(",") if kind == "person" else PLACES.get(language, places).split()
            )
            return rng.choice(["{}", "**{}**"]).format(named[truth])
        case "option":
            return rng.choice(["{}", "**{}**", "({})"]).format("ABCDE"[truth])
        case "list":
            items = [str(item) for item in truth]
            comma = {"ja": "、", "zh": "、", "ar": "، "}.get(language, ", ")
            gaps = {"ja": "", "zh": "", "ar": " "}
            word = gaps.get(language, " ") + AND[language] + ("" if language in gaps else " ")
            forms = [comma.join(items), comma.join(items[:-1]) + word + items[-1]]
            return rng.choice([*forms, f"[{', '.join(items)}]"] if alone else forms)
    return rng.choice(["{}", "**{}**", "`{}`"]).format(truth)


VALUES: dict[str, Callable[[Random], Any]] = {
    "count": lambda r: r.choice([r.randrange(2, 1000), r.randrange(1001, 9990)]),
    "amount": lambda r: r.randrange(1_000, 400_000),
    "date": lambda r: date(2024, 1, 1) + timedelta(days=r.randrange(700)),
    "time": lambda r: 60 * r.randrange(7, 21) + 5 * r.randrange(1, 12),
    "percent": lambda r: r.choice([5 * r.randrange(1, 19), r.randrange(2, 40) + 0.5]),
    "quantity": lambda r: 100 * r.randrange(3, 99),
    "person": lambda r: r.randrange(6),
    "city": lambda r: r.randrange(6),
    "option": lambda r: r.randrange(5),
    "code": lambda r: f"{r.choice('BGHKRT')}{r.choice(['', 'X', 'Q'])}{r.randrange(10, 99)}-{r.randrange(10, 99)}",
    "list": lambda r: tuple(sorted(r.sample(range(2, 70), r.choice([3, 4])))),
}
KINDS = [*VALUES, "yesno", "reasoned", "courtesy"]


def other(kind: str, truth: Any, rng: Random) -> Any:
    """Return a value that differs, often by little."""
    while True:
        found = VALUES[kind](rng)
        if kind == "code":
            found = rng.choice([found, found[:-5] + truth[-5:], truth[:-2] + found[-2:]])
        elif kind == "list":
            at = rng.randrange(len(truth))
            found = rng.choice([truth[:-1], tuple(sorted({*truth[:at], found[0], *truth[at + 1 :]}))])
        elif kind in ("count", "amount", "percent", "quantity", "time") and rng.random() < 0.5:
            found = truth + {"count": 10, "amount": 100, "percent": 5, "quantity": 100, "time": 15}[kind]
        if found != truth:
            return found


def answer(kind: str, truth: Any, language: str, rng: Random, opening: str | None = None) -> str:
    """Word a whole answer about a value, or one that opens as is asked."""
    gap = "" if language in ("ja", "zh") else " "
    before = opening or rng.choice(phrases(language, "open"))
    tagged = opening is None and rng.random() < 0.3
    alone = tagged and rng.random() < 0.7
    said = say(kind, truth, language, rng, alone=alone)
    if not alone:
        wording = rng.choice(phrases(language, kind))
        if language == "en" and before[-1] in "-:" and not tagged:
            wording = wording[0].lower() + wording[1:]
        said = wording.format(said).replace("..", ".")
    if tagged:
        return rng.choice(["", "", f"{before}\n\n"]) + in_room(said, language, rng)
    if opening is None and before[-1] not in "-:" and rng.random() < 0.15:
        return closed(said, language, rng)
    return closed(f"{before}{gap}{said}", language, rng)


def polar(kind: str, truth: tuple[bool, int], language: str, rng: Random) -> str:
    """Word a yes or no with its reason, perhaps in a tag."""
    field = "yes" if truth[0] else "no"
    if kind == "yesno" and rng.random() < 0.15:
        return in_room(phrases(language, f"{field} word")[0], language, rng)
    said = rng.choice(phrases(language, field if kind == "yesno" else f"{field} reasoned")).format(truth[1])
    return in_room(said, language, rng) if rng.random() < 0.1 else closed(said, language, rng)


def in_room(said: str, language: str, rng: Random) -> str:
    """Put tags around what is said, or a heading above it."""
    return rng.choice(ROOMS).format(said, heading=phrases(language, "heading")[0])


def closed(said: str, language: str, rng: Random) -> str:
    """Put a question back or a sign-off behind what is said, half of the time."""
    if rng.random() < 0.5:
        return said
    gap = "" if language in ("ja", "zh") else " "
    return said + rng.choice([gap, "\n\n"]) + rng.choice(phrases(language, "close"))


def pair(kind: str, language: str, rng: Random, *, equal: bool) -> tuple[str, str]:
    """Return two answers that say the same, in two wordings, or two that do not."""
    while True:
        if kind in ("yesno", "reasoned"):
            yes, days = rng.random() < 0.5, rng.choice([14, 30, 45, 60, 90])
            one, two = (polar(kind, (truth, days), language, rng) for truth in (yes, yes if equal else not yes))
        else:
            about = rng.choice(list(VALUES)) if kind == "courtesy" else kind
            opening = rng.choice(phrases(language, "open")) if kind == "courtesy" else None
            truth = VALUES[about](rng)
            theirs = truth if equal else other(about, truth, rng)
            one, two = (answer(about, value, language, rng, opening) for value in (truth, theirs))
        if one[:12] != two[:12] or (one != two and not equal):
            return one, two


def main() -> None:
    """Print the counts."""
    given = arguments(__doc__, pairs=8, show=1, seed=12)
    rng, tally = Random(given.seed), ReadingTally(given.show)
    for kind in KINDS:
        for language in LANGUAGES:
            for _ in range(given.pairs):
                for equal in (True, False)[kind == "courtesy" :]:
                    tally.see(kind, language, *pair(kind, language, rng, equal=equal), equal=equal)
    tally.show(KINDS, LANGUAGES)


if __name__ == "__main__":
    main()
