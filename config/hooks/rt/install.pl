#!/usr/bin/perl
# install.pl SCRIP [QUEUE…]: makes the scrip of a file in some queues, in all when none is named. Again: brings it up to date.
use strict; use warnings;
use lib '/usr/local/share/request-tracker5/lib', '/usr/share/request-tracker5/lib', '/opt/rt5/lib';
use RT -init;
my ($file, @names) = @ARGV;
die "usage: install.pl SCRIP [QUEUE...]\n" unless defined $file;
open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
my $code = do { local $/; <$in> };
my $description = 'Tells the bridge';
my @queues = (0);
if (@names) {
    @queues = map {
        my $queue = RT::Queue->new(RT->SystemUser); $queue->Load($_);
        $queue->id or die "there is no queue $_\n";
    } @names;
}
my $known = RT::Scrips->new(RT->SystemUser);
$known->UnLimit;
$known->{find_disabled_rows} = 1;
my ($scrip) = grep { $_->Description eq $description } @{ $known->ItemsArrayRef };
if ($scrip) {
    $scrip->SetCustomCommitCode($code) unless $scrip->CustomCommitCode eq $code;
} else {
    $scrip = RT::Scrip->new(RT->SystemUser);
    my ($id, $message) = $scrip->Create(Queue => $queues[0], Description => $description, Stage => 'TransactionBatch',
        ScripCondition => 'User Defined', CustomIsApplicableCode => 'return 1;', ScripAction => 'User Defined',
        CustomPrepareCode => 'return 1;', CustomCommitCode => $code, Template => 'Blank');
    die "the scrip: $message\n" unless $id;
}
for my $queue (@queues) {
    next if $scrip->IsAdded($queue);
    my ($done, $message) = $scrip->AddToObject(ObjectId => $queue, Stage => 'TransactionBatch');
    die "the scrip in queue $queue: $message\n" unless $done;
}
print "scrip " . $scrip->id . " tells the bridge\n";
