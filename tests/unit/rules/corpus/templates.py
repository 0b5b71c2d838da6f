"""What the tickets of the labelled corpus say: one text a label, in the words of monitoring systems and of people.

Written before the mask patterns were, and not changed since to suit them. Texts whose labels share the part before the
dot are near duplicates: a person would never take them for the same trouble.
"""

# ruff: noqa: RUF001 - Chinese commas are what Chinese tickets have
from __future__ import annotations

TEMPLATES: dict[str, str] = {
    # English, monitoring
    "disk.full": "Disk space on {host} volume {path} below {percent}",
    "disk.failed": "Disk failed on {host} bay {n}, RAID degraded",
    "load.cpu": "CPU load on {host} above {percent} for {n} minutes",
    "load.memory": "Memory usage on {host} above {percent} for {n} minutes",
    "port.down": "Interface {port} on {host} is down since {time}",
    "port.flapping": "Interface {port} on {host} is flapping since {time}",
    "port.errors": "Interface {port} on {host} reports {n} CRC errors",
    "backup.failed": "Backup job {id} on {host} failed with error {hex}",
    "backup.missed": "Backup job {id} on {host} did not start at {time}",
    "db.lag": "Replication lag of {host} is {n} seconds",
    "db.stopped": "Replication of {host} has stopped",
    "db.deadlock": "Deadlock detected in database on {host}, session {n} killed",
    "cert": "Certificate of {url} expires on {date}",
    "http.500": "Web check {url}: internal server error",
    "http.timeout": "Web check {url}: connection timed out",
    "ping": "Host {host} ({ip}) unreachable, packet loss {percent}",
    "duplicate-ip": "Duplicate address {ip} on VLAN {n}, MAC {mac}",
    # English, people
    "mail.send": "Outlook: cannot send mail, message stays in outbox",
    "mail.receive": "Outlook: cannot receive mail since {time}",
    "mail.calendar": "Outlook calendar of {mail} is not shown to colleagues",
    "vpn.drops": "VPN disconnects every {n} minutes when working from home",
    "vpn.login": "VPN login rejected for {mail}, wrong token",
    "printer.jam": "Printer {device} paper jam in tray {n}",
    "printer.toner": "Printer {device} toner empty",
    "printer.offline": "Printer {device} offline after office move",
    "account.locked": "Account of {mail} locked after too many attempts",
    "account.new": "New account for colleague starting on {date}",
    "sap.slow": "SAP transaction {code} very slow at the {site} site",
    "sap.dump": "SAP transaction {code} ends with a short dump at the {site} site",
    "phone": "Desk phone {n} rings once and then goes to voice mail",
    "orders.import": "Nightly import of orders into the warehouse system did not finish",
    "orders.export": "Nightly export of orders from the warehouse system did not finish",
    # German
    "drucker.stau": "Drucker {device} meldet Papierstau im Fach {n}",
    "drucker.toner": "Drucker {device} meldet Toner leer",
    "konto.gesperrt": "Benutzerkonto {mail} ist gesperrt",
    "konto.abgelaufen": "Benutzerkonto {mail} ist am {date} abgelaufen",
    "laufwerk.weg": "Netzlaufwerk {path} nach Anmeldung nicht verbunden",
    "laufwerk.voll": "Netzlaufwerk {path} hat keinen freien Speicherplatz mehr",
    "wlan": "WLAN in der Niederlassung {site} bricht seit {time} Uhr ständig ab",
    "kasse.bon": "Kasse {n} druckt keinen Bon",
    "kasse.karte": "Kasse {n} nimmt keine Karten an",
    "telefon": "Rufumleitung auf {phone} lässt sich nicht abschalten",
    "bestellung": "Neuer Monitor für Arbeitsplatz {id} bestellt",
    # Chinese
    "登录.密码": "用户{mail}登录OA系统时提示密码错误",
    "登录.锁定": "用户{mail}账号被锁定，无法登录OA系统",
    "打印机.卡纸": "{n}楼打印机{device}卡纸",
    "打印机.缺墨": "{n}楼打印机{device}墨粉用完",
    "磁盘.空间": "服务器{host}磁盘{path}空间不足，使用率{percent}",
    "磁盘.故障": "服务器{host}硬盘故障，第{n}槽位红灯",
    "cpu": "服务器{host}CPU使用率超过{percent}，持续{n}分钟",
    "网络.断": "{site}分公司网络中断，无法访问{ip}",
    "网络.慢": "{site}分公司上网很慢，访问{url}要等很久",
    "数据库.连接": "数据库{host}连接数超过{n}",
    "数据库.备份": "数据库{host}备份任务{id}执行失败",
    "邮件.发送": "邮箱{mail}发不出邮件，提示{hex}",
    "邮件.接收": "邮箱{mail}收不到外部邮件",
    "视频会议": "视频会议室{n}投影没有声音",
    "报销": "报销单{id}审批后一直没有打款",
    "客户端.发送": "{site}分公司同事反映邮箱客户端无法发送邮件，重启后仍然不行",
    "客户端.接收": "{site}分公司同事反映邮箱客户端无法接收邮件，重启后仍然不行",
    "考勤": "{date}考勤打卡记录丢失",
}
