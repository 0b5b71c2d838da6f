#!/usr/bin/perl
# hook.pl URL SECRET: a scrip that posts each change in the queue Incidents to URL, signed with SECRET, as an administrator would write one.
# Sent synchronously after the commit, 3 s time-out, no second try: a lost hook is lost.
use strict; use warnings;
use lib '/usr/local/share/request-tracker5/lib', '/usr/share/request-tracker5/lib';
use RT -init;
my ($url, $secret) = @ARGV;
my $code = <<'PERL';
require LWP::UserAgent; require JSON; require Digest::SHA;
my $t = $self->TicketObj;
my $batch = $t->TransactionBatch || [];
my @txns = @$batch ? @$batch : ($self->TransactionObj);
my @tx = map { my $x = $_; +{
    id => $x->id+0, type => $x->Type, field => $x->Field, old => $x->OldValue, new => $x->NewValue,
    created => $x->CreatedObj->W3CDTF(Timezone => 'UTC'), creator => $x->CreatorObj->Name,
} } @txns;
my $sel = sub { my $cf = shift; my $v = $t->CustomFieldValues($cf); my @v; while (my $o = $v->Next) { push @v, $o->Content } \@v };
my $body = JSON->new->utf8->canonical->encode({
    event => 'ticket.' . ((grep { $_->{type} eq 'Create' } @tx) ? 'created' : 'updated'),
    delivery => RT->Config->Get('Organization') . '-' . $tx[-1]{id},
    ticket => { id => $t->id+0, subject => $t->Subject, status => $t->Status, queue => $t->QueueObj->Name,
        owner => $t->OwnerObj->Name, priority => $t->Priority+0, sla => $t->SLA,
        requestors => [ split /,\s*/, $t->RequestorAddresses ],
        due => ($t->DueObj->Unix > 0 ? $t->DueObj->W3CDTF(Timezone => 'UTC') : undef),
        last_updated => $t->LastUpdatedObj->W3CDTF(Timezone => 'UTC'),
        url => RT->Config->Get('WebBaseURL') . '/REST/2.0/ticket/' . $t->id,
        custom_fields => { map { ($_ => $sel->($_)) } 'Service', 'Correlation Key', 'Severity', 'Redmine Issue' } },
    transactions => \@tx,
});
my $ts  = time;
my $sig = Digest::SHA::hmac_sha256_hex("$ts.$body", '@SECRET@');
my $ua  = LWP::UserAgent->new(timeout => 3);
my $r = eval { $ua->post('@URL@', 'Content-Type' => 'application/json', 'X-RT-Timestamp' => $ts,
    'X-RT-Signature' => "sha256=$sig", 'X-RT-Delivery' => $tx[-1]{id}, Content => $body) };
RT->Logger->warning('webhook failed: ' . ($r ? $r->status_line : $@)) unless $r && $r->is_success;
return 1;
PERL
s/([\\'])/\\$1/g for $url, $secret;    # they become Perl strings in single quotes
$code =~ s/\@URL\@/$url/; $code =~ s/\@SECRET\@/$secret/;
my $queue = RT::Queue->new(RT->SystemUser); $queue->Load('Incidents');
my ($id, $msg) = RT::Scrip->new(RT->SystemUser)->Create(Queue => $queue->id, Description => 'Integration webhook', Stage => 'TransactionBatch',
    ScripCondition => 'User Defined', CustomIsApplicableCode => 'return 1;',
    ScripAction => 'User Defined', CustomPrepareCode => 'return 1;', CustomCommitCode => $code, Template => 'Blank');
die "scrip: $msg\n" unless $id;
