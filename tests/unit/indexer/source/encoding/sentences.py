"""Comments as people write them in their own language, and the encodings that they used to save them in."""

from __future__ import annotations

# Language: (usual legacy encodings, comments). Written for this test.
SENTENCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Russian": (
        ("cp1251", "koi8_r", "cp866", "iso8859_5"),
        (
            "проверка пароля",
            "Читает настройки из файла и возвращает словарь",
            "если соединение потеряно, пробуем ещё раз через секунду",
            "TODO: убрать после перехода на новую версию",
            "Удаляет старые записи из журнала, чтобы он не рос бесконечно",
            "Размер буфера в байтах, не больше двух мегабайт",
            "Ошибка: файл не найден",
        ),
    ),
    "Ukrainian": (
        ("cp1251", "koi8_u"),
        (
            "перевірка доступу",
            "Зберігає зміни у файлі й повідомляє користувача",
            "якщо з'єднання втрачено, чекаємо п'ять секунд",
            "Обчислює відстань між двома точками на площині",
            "Цей список має бути впорядкований за іменем",
            "Помилка: немає такого рядка в таблиці",
        ),
    ),
    "Bulgarian": (
        ("cp1251",),
        (
            "брой на редовете",
            "Записва промените във файла и връща истина",
            "ако няма връзка със сървъра, опитай отново по-късно",
            "Изчислява разстоянието между две точки",
            "Този списък трябва да е подреден по име",
            "Грешка: липсва такъв потребител",
        ),
    ),
    "Greek": (
        ("cp1253", "iso8859_7"),
        (
            "έλεγχος κωδικού",
            "Διαβάζει τις ρυθμίσεις από το αρχείο",
            "αν χαθεί η σύνδεση, δοκιμάζουμε ξανά σε ένα λεπτό",
            "Υπολογίζει την απόσταση ανάμεσα σε δύο σημεία",
            "Ο πίνακας πρέπει να είναι ταξινομημένος",
            "Σφάλμα: το αρχείο δεν βρέθηκε",
        ),
    ),
    "Turkish": (
        ("cp1254", "iso8859_9"),
        (
            "şifre doğrulama",
            "Ayarları dosyadan okur ve geri döndürür",
            "bağlantı koparsa bir saniye sonra yeniden denenir",
            "İki nokta arasındaki uzaklığı hesaplar",
            "Bu liste ada göre sıralanmış olmalıdır",
            "Hata: böyle bir kullanıcı bulunamadı, lütfen kaydı gözden geçirin",
        ),
    ),
    "Polish": (
        ("cp1250", "iso8859_2"),
        (
            "sprawdź hasło",
            "Odczytuje ustawienia z pliku i zwraca słownik",
            "jeśli połączenie zostało przerwane, próbujemy jeszcze raz",
            "Oblicza odległość między dwoma punktami",
            "Usuwa stare wpisy, żeby dziennik nie rósł bez końca",
            "Błąd: nie znaleziono użytkownika o takim identyfikatorze",
        ),
    ),
    "Czech": (
        ("cp1250", "iso8859_2"),
        (
            "ověření hesla",
            "Načte nastavení ze souboru a vrátí slovník",
            "pokud se spojení přeruší, zkusíme to znovu za vteřinu",
            "Spočítá vzdálenost mezi dvěma body v rovině",
            "Tento seznam musí být seřazený podle jména",
            "Chyba: požadovaný řádek nebyl nalezen",
        ),
    ),
    "Hungarian": (
        ("cp1250", "iso8859_2"),
        (
            "jelszó ellenőrzése",
            "Beolvassa a beállításokat a fájlból",
            "ha megszakad a kapcsolat, egy perc múlva újra próbáljuk",
            "Kiszámítja két pont távolságát a síkon",
            "Ezt a listát név szerint kell rendezni, különben hibás eredményt kapunk",
            "Törli a régi bejegyzéseket, hogy ne nőjön túl nagyra a napló",
        ),
    ),
    "German": (
        ("cp1252", "latin_1"),
        (
            "Prüfung",
            "Liest die Einstellungen und gibt ein Wörterbuch zurück",
            "falls die Verbindung abreißt, später erneut versuchen",
            "Größe des Puffers in Bytes, höchstens zwei Megabyte",
            "Löscht alte Einträge, damit das Protokoll nicht endlos wächst",
            "Für jeden Schlüssel wird ein Schloss geöffnet",
        ),
    ),
    "French": (
        ("cp1252", "latin_1"),
        (
            "clé privée",
            "Lit les paramètres du fichier et les renvoie à l'appelant",
            "si la connexion est coupée, on réessaie après une seconde",
            "Calcule la distance entre deux points où que ce soit",
            "La liste doit être triée par numéro de série",
            "Créée à la fin de l'été, supprimée après Noël",
        ),
    ),
    "Spanish": (
        ("cp1252", "latin_1"),
        (
            "contraseña",
            "Lee la configuración del archivo y devuelve un diccionario",
            "¿qué pasa si no hay conexión? se intenta otra vez más tarde",
            "Calcula la distancia mínima entre dos puntos",
            "El tamaño del búfer nunca será mayor de un millón",
            "Año y día de la última actualización",
        ),
    ),
    "Portuguese": (
        ("cp1252", "latin_1"),
        (
            "opções",
            "Lê as configurações do arquivo e devolve um dicionário",
            "se a conexão cair, tentamos de novo após um segundo",
            "Calcula a distância entre dois pontos; não aceita números negativos",
            "A lista já está em ordem alfabética",
            "Atenção: esta função será removida na próxima versão",
        ),
    ),
    "Swedish": (
        ("cp1252", "latin_1"),
        (
            "ändra lösenord",
            "Läser inställningarna från filen och lämnar tillbaka dem",
            "om anslutningen bryts försöker vi igen om en stund",
            "Beräknar avståndet mellan två punkter",
            "Får aldrig vara större än två megabyte",
        ),
    ),
    "Japanese": (
        ("shift_jis", "cp932", "euc_jp", "iso2022_jp"),
        (
            "初期化処理",
            "設定ファイルを読み込んで辞書を返す",
            "接続が切れたときは一秒待ってからもう一度試す",
            "二つの点の距離を計算します",
            "古いログを消して、ディスクがいっぱいにならないようにする",
            "エラー：ユーザーが見つかりません",
        ),
    ),
    "Chinese, simplified": (
        ("gb2312", "gbk", "gb18030"),
        (
            "初始化",
            "读取配置文件并返回字典",
            "如果连接断开，等待一秒后重试",
            "计算两个点之间的距离",
            "删除旧的日志，避免磁盘被占满",
            "错误：找不到该用户，请检查编号是否正确",
        ),
    ),
    "Chinese, traditional": (
        ("big5", "cp950"),
        (
            "初始化設定",
            "讀取設定檔並傳回字典",
            "如果連線中斷，等待一秒後再試一次",
            "計算兩個點之間的距離",
            "刪除舊的紀錄，避免磁碟被塞滿",
            "錯誤：找不到這個使用者，請確認帳號是否正確",
        ),
    ),
    "Korean": (
        ("euc_kr", "cp949"),
        (
            "초기화",
            "설정 파일을 읽어서 사전으로 돌려준다",
            "연결이 끊어지면 잠시 기다렸다가 다시 시도한다",
            "두 점 사이의 거리를 계산합니다",
            "오래된 기록을 지워서 디스크가 가득 차지 않게 한다",
            "오류: 사용자를 찾을 수 없습니다",
        ),
    ),
    "Hebrew": (
        ("cp1255", "iso8859_8"),
        (
            "בדיקת סיסמה",
            "קורא את ההגדרות מהקובץ ומחזיר מילון",
            "אם החיבור נותק, ננסה שוב בעוד שנייה",
            "מחשב את המרחק בין שתי נקודות",
            "שגיאה: המשתמש לא נמצא",
        ),
    ),
    "Arabic": (
        ("cp1256", "iso8859_6"),
        (
            "فحص كلمة المرور",
            "يقرأ الإعدادات من الملف ويعيد القاموس",
            "إذا انقطع الاتصال نحاول مرة أخرى بعد ثانية",
            "يحسب المسافة بين نقطتين",
            "خطأ: المستخدم غير موجود",
        ),
    ),
    "Thai": (
        ("cp874", "tis_620"),
        (
            "ตรวจสอบรหัสผ่าน",
            "อ่านการตั้งค่าจากไฟล์แล้วส่งคืน",
            "ถ้าการเชื่อมต่อขาดหาย ให้ลองใหม่อีกครั้ง",
            "คำนวณระยะห่างระหว่างสองจุด",
            "ข้อผิดพลาด: ไม่พบผู้ใช้",
        ),
    ),
    "Vietnamese": (
        ("cp1258",),
        (
            "Kiểm tra mật khẩu",
            "Đọc cấu hình từ tệp và trả về từ điển",
            "nếu mất kết nối thì thử lại sau một giây",
            "Tính khoảng cách giữa hai điểm",
            "Lỗi: không tìm thấy người dùng",
        ),
    ),
}

# Windows-1258 has the tones behind the letters.
TONES = "\u0300\u0301\u0303\u0309\u0323"
