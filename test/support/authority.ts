/** Certificate authorities for tests, made with openssl. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";

/** A strict verifier wants them (RFC 5280, section 4.2.1). */
const KEY_IDS = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

export interface Issued {
  certificate: string;
  key: string;
}

/** An authority, with one below it that signs. */
export class Authority {
  readonly folder: string;
  /** PEM. */
  readonly root: string;
  readonly intermediate: string;
  #serial = 0;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout root.key -out root.crt",
      "-subj",
      "/CN=Test root",
      "-addext",
      "keyUsage=critical,keyCertSign,cRLSign",
    );
    this.#request("middle", "Test authority");
    writeFileSync(
      join(folder, "middle.ext"),
      `basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n${KEY_IDS}`,
    );
    this.#openssl("x509 -req -in middle.csr -CA root.crt -CAkey root.key -set_serial 1 -days 30 -extfile middle.ext -out middle.crt");
    this.root = this.#read("root.crt");
    this.intermediate = this.#read("middle.crt");
  }

  /** @param days negative: it is over already */
  issue(names: readonly string[], days = 20): Issued {
    const name = `leaf-${++this.#serial}`;
    this.#request(name, names[0] ?? "");
    const alternatives = names.map((one) => `${isIP(one) === 0 ? "DNS" : "IP"}:${one}`).join(",");
    writeFileSync(join(this.folder, `${name}.ext`), `subjectAltName=${alternatives}\nextendedKeyUsage=serverAuth\n${KEY_IDS}`);
    const day = (offset: number): string =>
      `${new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 19).replace(/[-T:]/g, "")}Z`;
    writeFileSync(join(this.folder, `${name}.index`), "");
    writeFileSync(
      join(this.folder, "ca.cnf"),
      `[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=${this.folder}\ndatabase=${name}.index\n` +
        `rand_serial=yes\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n`,
    );
    const [from, to] = days < 0 ? [day(2 * days), day(days)] : [day(-1), day(days)];
    const signing =
      "ca -batch -notext -config ca.cnf -cert middle.crt -keyfile middle.key " + `-in ${name}.csr -extfile ${name}.ext -out ${name}.crt`;
    this.#openssl(signing, "-startdate", from, "-enddate", to);
    return { certificate: this.#read(`${name}.crt`), key: this.#read(`${name}.key`) };
  }

  /** As a server needs it: its own certificate first. */
  chain(issued: Issued): Issued {
    return { certificate: issued.certificate + this.intermediate, key: issued.key };
  }

  #request(name: string, subject: string): void {
    const options = `req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${name}.key -out ${name}.csr`;
    this.#openssl(options, "-subj", `/CN=${subject.slice(0, 60)}`);
  }

  #openssl(words: string, ...more: string[]): void {
    execFileSync("openssl", [...words.split(" "), ...more], { cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
  }

  #read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }
}
