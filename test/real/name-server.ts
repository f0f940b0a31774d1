/** A program for Python: a machine's own name server. It answers for the names of its first argument, and says of all others that there are none. */
export const NAME_SERVER = `import ipaddress, json, socket, struct, sys
names = json.loads(sys.argv[1])
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.bind(("127.0.0.1", 53))
while True:
    asked, who = line.recvfrom(2000)
    labels, at = [], 12
    while asked[at]:
        labels.append(asked[at + 1 : at + 1 + asked[at]].decode())
        at += 1 + asked[at]
    [kind] = struct.unpack_from("!H", asked, at + 1)
    known = names.get(".".join(labels).lower())
    found = [ip for ip in map(ipaddress.ip_address, known or []) if kind == {4: 1, 6: 28}[ip.version]]
    flags = 0x8580 if known else 0x8583
    answer = asked[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + asked[12 : at + 5]
    for ip in found:
        answer += bytes([192, 12]) + struct.pack("!HHIH", kind, 1, 5, len(ip.packed)) + ip.packed
    line.sendto(answer, who)
`;
