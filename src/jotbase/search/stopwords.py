"""Stop words: words so common that a search ignores them.

In charge of the lists, for the languages that have one. Must not know texts or searches.
"""

from __future__ import annotations

from collections.abc import Mapping

_LISTS = {
    "english": """
        a about above after again against all am an and any are as at be because been before being
        below between both but by can did do does doing don down during each few for from further
        had has have having he her here hers herself him himself his how i if in into is it its
        itself just me more most my myself no nor not now of off on once only or other our ours
        ourselves out over own s same she should so some such t than that the their theirs them
        themselves then there these they this those through to too under until up very was we were
        what when where which while who whom why will with you your yours yourself yourselves
    """,
    "german": """
        aber alle allem allen aller alles als also am an ander andere anderem anderen anderer
        anderes auch auf aus bei bin bis bist da damit dann das dass daß dasselbe dazu dein deine
        deinem deinen deiner dem den denn der derselbe des dessen dich die dies diese dieselbe
        diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines einige
        einigen einiger einiges er es etwas euch euer eure eurem euren eurer für gegen gewesen hab
        habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im
        in indem ins ist jede jedem jeden jeder jedes jene jenem jenen jener jenes jetzt kann kein
        keine keinem keinen keiner keines können könnte machen man manche manchem manchen mancher
        mein meine meinem meinen meiner mich mir mit muss musste nach nicht nichts noch nun nur ob
        oder ohne sehr sein seine seinem seinen seiner selbst sich sie sind so solche solchem
        solchen solcher soll sollte sondern sonst über um und uns unser unsere unserem unseren
        unserer unter viel vom von vor während war waren warst was weg weil weiter welche welchem
        welchen welcher wenn werde werden wie wieder will wir wird wirst wo wollen wollte würde
        würden zu zum zur zwar zwischen
    """,
    "french": """
        à ai aie aient aies ait as au aura aurai auraient aurais aurait auras aurez aurions aurons
        auront aux avaient avais avait avec avez aviez avions avons ayant c ce ces d dans de des du
        elle elles en es est et étaient étais était étant été êtes étiez étions eu eue eues eurent
        eus eut eux furent fus fut il ils j je l la le les leur leurs lui m ma mais me même mes moi
        mon n ne nos notre nous on ont ou par pas pour qu que qui s sa se sera serai seraient serais
        serait seras serez serions serons seront ses soient sois soit sommes son sont soyez soyons
        suis sur t ta te tes toi ton tu un une vos votre vous y
    """,
    "spanish": """
        a al algo algunas algunos ante antes como con contra cual cuando de del desde donde durante
        e el él ella ellas ellos en entre era eran eras eres es esa esas ese eso esos esta está
        estaba estaban estado estamos están estar estas este esto estos estoy fue fueron fui ha
        había habían han has hasta hay he hemos la las le les lo los más me mi mí mis mucho muchos
        muy nada ni no nos nosotras nosotros nuestra nuestras nuestro nuestros o os otra otras otro
        otros para pero poco por porque que qué quien quienes se sea sean ser será serán si sí sido
        sin sobre sois somos son soy su sus suya suyas suyo suyos también tanto te tengo ti tiene
        tienen todo todos tu tú tus tuya tuyo un una uno unos vosotras vosotros vuestra vuestro y ya
        yo
    """,
    "italian": """
        a abbia abbiamo abbiano ad agli ai al alla alle allo anche avemmo avendo avesse avete aveva
        avevano avevo avrà avranno c che chi ci coi col come con contro cui da dagli dai dal dalla
        dalle dallo degli dei del dell della delle dello di dov dove e è ebbe ed era erano eri ero
        essendo faccio fu furono gli ha hai hanno ho i il in io l la le lei li lo loro lui ma mi mia
        mie miei mio ne negli nei nel nell nella nelle nello noi non nostra nostre nostri nostro o
        per perché più quale quanta quante quanti quanto quella quelle quelli quello questa queste
        questi questo sarà saranno se sei si sia siamo siano siete sono sta stai stanno sto su sua
        sue sugli sui sul sull sulla sulle sullo suo suoi ti tra tu tua tue tuo tuoi tutti tutto un
        una uno vi voi vostra vostre vostri vostro
    """,
    "portuguese": """
        a à ao aos aquela aquelas aquele aqueles aquilo as às até com como da das de dela delas dele
        deles depois do dos e é ela elas ele eles em entre era eram essa essas esse esses esta está
        estão estas estava estavam este estes estou eu foi foram há isso isto já lhe lhes mais mas
        me mesmo meu meus minha minhas muito na não nas nem no nos nós nossa nossas nosso nossos num
        numa o os ou para pela pelas pelo pelos por qual quando que quem são se seja sem ser será
        seu seus só somos sou sua suas também te tem tém têm tenho ter teu teus tinha tinham tu tua
        tuas um uma você vocês vos
    """,
    "dutch": """
        aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus
        een eens en er ge geen geweest haar had heb hebben heeft hem het hier hij hoe hun iemand
        iets ik in is ja je kan kon kunnen maar me meer men met mij mijn moet na naar niet niets nog
        nu of om omdat onder ons ook op over reeds te tegen toch toen tot u uit uw van veel voor
        want waren was wat werd wezen wie wil worden wordt zal ze zelf zich zij zijn zo zonder zou
    """,
    "danish": """
        af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din disse
        dog du efter eller en end er et for fra ham han hans har havde have hende hendes her hos hun
        hvad hvis hvor i ikke ind jeg jer jo kunne man mange med meget men mig min mine mit mod ned
        noget nogle nu når og også om op os over på selv sig sin sine sit skal skulle som sådan thi
        til ud under var vi vil ville vor være været
    """,
    "norwegian": """
        alle at av bare begge ble blei bli blir blitt både da de deg dei deim deira dem den denne
        der dere deres det dette di din disse ditt du dykk eg ei eit eller elles en enn er et etter
        for fordi fra før ha hadde han hans har hennes her hjå ho hoe honom hoss hun hva hvem hver
        hvilke hvilken hvis hvor hvordan hvorfor i ikke ikkje ingen inn inni ja jeg kan kom korleis
        kun kunne kva kvar kven kvi man mange me med medan meg men mellom mi min mine mitt mot mye
        ned no noe noen noka noko nokon nå når og også om opp oss over på samme seg selv si siden
        sin sine sitt sjøl skal skulle slik so som somme somt så sånn til um upp ut uten var vart
        ved vere verte vi vil ville vore vors vort vår være vært
    """,
    "swedish": """
        alla allt att av blev bli blir blivit de dem den denna deras dess dessa det detta dig din
        dina ditt du där då efter ej eller en er era ert ett från för ha hade han hans har henne
        hennes hon honom hur här i icke ingen inom inte jag ju kan kunde man med mellan men mig min
        mina mitt mot mycket ni nu när någon något några och om oss på samma sedan sig sin sina
        sitta själv skulle som så sådan sådana sådant till under upp ut utan vad var vara varför
        varit varje vars vart vem vi vid vilka vilkas vilken vilket vår våra vårt än är åt över
    """,
}

#: The common words by language; a language without a list leaves none out.
STOP_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(text.split()) for language, text in _LISTS.items()
}
