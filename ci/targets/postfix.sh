# shellcheck shell=bash
# Postfix as a target: what its two instances share.  To be sourced after lib.sh.

# postfix_up PORT [SETTING]: a Postfix whose main.cf ends in SETTING answers on PORT, for submission
# on the next one, and inside TLS on the one after.
postfix_up() {
  local port=$1 setting=${2:-} root
  need_namespaces
  claim "$port" $((port + 1)) $((port + 2))
  root=$(unpack postfix "${POSTFIX_PACKAGES[@]}")
  common_etc
  postfix_configure "$port" "$setting"
  mailboxes_for 6000:6000
  TLS_INSIDE=/srv/tls certificate inside "$root" || failed "openssl made no certificate"
  inside "$root" saslpasswd2 -p -c -f /srv/data/sasldb2 -u mail.example.test alice <<<"secret" \
    || failed "saslpasswd2 wrote no password"
  chown 6001:6001 "$HOME_OF_TARGET/data/sasldb2"
  inside "$root" postfix start 6>&- 8>&- 9>&- >"$HOME_OF_TARGET/start.log" 2>&1 \
    || failed "postfix start: $(tail -n 3 "$HOME_OF_TARGET/start.log")"
  answers 20 "$port" "$HOME_OF_TARGET/log/maillog"
}

postfix_configure() {
  local etc=$HOME_OF_TARGET/etc/postfix
  mkdir -p "$etc/sasl" "$HOME_OF_TARGET"/{spool,data,log}
  chown 6001:6001 "$HOME_OF_TARGET/data"
  {
    cat "$TARGETS_HERE/postfix/main.cf"
    printf '%s\n' "$2"
  } >"$etc/main.cf"
  sed -e "s/^PORT /127.0.0.1:$1 /" -e "s/^SUBMISSION /127.0.0.1:$(($1 + 1)) /" \
    -e "s/^SUBMISSIONS /127.0.0.1:$(($1 + 2)) /" \
    "$TARGETS_HERE/postfix/master.cf" >"$etc/master.cf"
  cat >"$etc/sasl/smtpd.conf" <<'END'
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: /srv/data/sasldb2
mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256
END
}
