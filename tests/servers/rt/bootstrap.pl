#!/usr/bin/perl
# Seeds a fresh RT: queues, custom fields, the bridge's account with its token, people, rights. Writes the facts as JSON.
use strict; use warnings;
use lib '/usr/local/share/request-tracker5/lib', '/usr/share/request-tracker5/lib';
use RT -init;
use JSON ();
my ($facts_file) = @ARGV;
my $su = RT->SystemUser;
my $password = 'S3cret-pass';
sub ok { my ($ok, $msg, $what) = @_; die "$what: $msg\n" unless $ok; return $ok }
sub grant { my ($principal, $object, @rights) = @_;
    for (@rights) { ok($principal->GrantRight(Object => $object, Right => $_), "right $_") unless $principal->HasRight(Object => $object, Right => $_) } }

# readers never wait for the writer; a property of the file, so it stays
$RT::Handle->dbh->do('PRAGMA journal_mode=WAL');

# --- queues ------------------------------------------------------------------
my %q;
for my $spec (['Incidents', 'ITSM incidents'], ['Problems', 'ITSM problems']) {
    my $o = RT::Queue->new($su);
    ok($o->Create(Name => $spec->[0], Description => $spec->[1]), 'queue');
    $o->SetSLADisabled(0);
    $q{$spec->[0]} = $o;
}
# --- custom fields -----------------------------------------------------------
my %cf;
for my $c (
    { Name => 'Service',          Type => 'FreeformSingle' },
    { Name => 'Correlation Key',  Type => 'FreeformSingle' },
    { Name => 'Redmine Issue',    Type => 'FreeformSingle' },
    { Name => 'Redmine URL',      Type => 'FreeformSingle' },
    { Name => 'Resolution Notes', Type => 'TextSingle' },
    { Name => 'Severity',         Type => 'SelectSingle', Values => [qw(SEV1 SEV2 SEV3 SEV4)] },
    { Name => 'Affected CIs',     Type => 'FreeformMultiple' },
    { Name => 'Detected At',      Type => 'DateTimeSingle' },
) {
    my $o = RT::CustomField->new($su);
    ok($o->Create(Name => $c->{Name}, Type => $c->{Type}, LookupType => 'RT::Queue-RT::Ticket'), "custom field $c->{Name}");
    my $n = 0;
    ok($o->AddValue(Name => $_, SortOrder => $n++), "value $_") for @{$c->{Values} || []};
    ok($o->AddToObject($_), "custom field $c->{Name}") for values %q;
    $cf{$c->{Name}} = $o->id + 0;
}
# --- users, group, rights ----------------------------------------------------
my %u;
for my $s (['itsm-sync', 'ITSM Sync', 1], ['alice', 'Alice Agent', 1], ['bob', 'Bob Agent', 1], ['carol', 'Carol Customer', 0]) {
    my $o = RT::User->new($su);
    ok($o->Create(Name => $s->[0], RealName => $s->[1], EmailAddress => "$s->[0]\@itsm.test",
                  Privileged => $s->[2], Password => $password), "user $s->[0]");
    $u{$s->[0]} = $o;
}
# times in searches are read in the account's own zone: the bridge's is fixed
ok($u{'itsm-sync'}->SetTimezone('UTC'), 'time zone');
my $root = RT::User->new($su); $root->Load('root');
ok($root->SetPassword($password), 'password of root');
my $g = RT::Group->new($su);
ok($g->CreateUserDefinedGroup(Name => 'Service Desk'), 'group');
ok($g->AddMember($u{$_}->id), "member $_") for qw(itsm-sync alice bob);
for my $queue (values %q) {
    grant($g->PrincipalObj, $queue, qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ModifyTicket OwnTicket TakeTicket StealTicket
          ReplyToTicket CommentOnTicket SeeCustomField ModifyCustomField SetInitialCustomField
          ShowOutgoingEmail ForwardMessage WatchAsAdminCc ReassignTicket));
}
grant($u{'itsm-sync'}->PrincipalObj, RT->System, qw(ModifySelf ManageAuthTokens AdminUsers SeeGroup));
# --- scrips ------------------------------------------------------------------
# The stock notifications only cost time here. All else stays, above all "On Correspond Open Inactive Tickets".
my $all = RT::Scrips->new($su); $all->UnLimit;
while (my $x = $all->Next) { $x->SetDisabled(1) if !$x->Disabled && $x->ActionObj->ExecModule =~ /Notify|Autoreply|SendForward/ }
# --- token -------------------------------------------------------------------
my $t = RT::AuthToken->new($su);
my ($id, $msg, $token) = $t->Create(Owner => $u{'itsm-sync'}->id, Description => 'bridge');
ok($id, $msg, 'token');
open my $fh, '>', $facts_file or die $!;
print $fh JSON->new->utf8->canonical->encode({ version => $RT::VERSION, token => $token, password => $password, queue => 'Incidents',
    queues => { map { ($_ => $q{$_}->id + 0) } keys %q }, custom_fields => \%cf });
close $fh or die $!;
