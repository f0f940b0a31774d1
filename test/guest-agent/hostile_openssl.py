"""Settings of OpenSSL that an image may have for its own programs, each as the text of an openssl.cnf or its absence."""

REQUEST = "[req]\ndistinguished_name=dn\n{}\n[dn]\ncommonName=Common Name\n"
SYSTEM = "openssl_conf=all\n[all]\n{}\n"

SETTINGS = {
    "extensions for every request": REQUEST.format("req_extensions=more") + "[more]\nsubjectAltName=DNS:other\n",
    "attributes that are asked for": REQUEST.format("attributes=more") + "[more]\nchallengePassword=A password\n",
    "a template for requests that asks a person": REQUEST.format("prompt=yes\nutf8=maybe\ndefault_md=none-such"),
    "nothing about requests": "[other]\na=b\n",
    "no file": None,
    "a broken file": "[req\ndistinguished_name",
    "keys of ours are too short": SYSTEM.format("ssl_conf=s\n[s]\nsystem_default=d\n[d]\nCipherString=DEFAULT@SECLEVEL=5"),
    "no provider that we need": SYSTEM.format("providers=p\n[p]\nfips=f\n[f]\nactivate=1"),
    "certified algorithms only": SYSTEM.format("alg_section=e\n[e]\ndefault_properties=fips=yes"),
}
