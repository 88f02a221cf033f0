# /etc/dovecot/sieve/before.sieve: runs before everybody's own script. What a spam filter has marked goes into
# Junk; the names of the header are those of rspamd and SpamAssassin.
require ["fileinto"];

if anyof (header :is "X-Spam" "Yes", header :matches "X-Spam-Flag" "YES*") {
    fileinto "Junk";
    stop;
}
