# A scrip that tells the bridge of every change of a ticket, signed. How to install it: README.md beside this file.
#
# RT has committed when it runs, and whoever saved the ticket waits for it: hence the time-out. A hook that does not
# arrive is not sent again; the bridge's poll finds what it would have told.
use utf8;
require LWP::UserAgent; require JSON; require Digest::SHA;
my ($url, $secret) = (RT->Config->Get('BridgeHookURL'), RT->Config->Get('BridgeHookSecret'));
return 1 unless $url && $secret;
my $ticket = $self->TicketObj;
my $batch = $ticket->TransactionBatch || [];
my @ids = sort { $a <=> $b } map { $_->id + 0 } (@$batch ? @$batch : ($self->TransactionObj));
my $body = JSON->new->utf8->canonical->encode({
    delivery => RT->Config->Get('Organization') . "-$ids[-1]",
    ticket => { id => $ticket->id + 0, last_updated => $ticket->LastUpdatedObj->W3CDTF(Timezone => 'UTC') },
    transactions => [ map { { id => $_ } } @ids ],
});
my $at = time;
my $answer = eval { LWP::UserAgent->new(timeout => 3)->post($url, 'Content-Type' => 'application/json',
    'X-RT-Timestamp' => $at, 'X-RT-Signature' => 'sha256=' . Digest::SHA::hmac_sha256_hex("$at.$body", $secret),
    Content => $body) };
RT->Logger->warning('the bridge was not told of ticket ' . $ticket->id . ': ' . ($answer ? $answer->status_line : $@))
    unless $answer && $answer->is_success;
return 1;
