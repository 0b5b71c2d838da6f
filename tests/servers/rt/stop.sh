#!/bin/bash
# stop.sh NAME: ends the server of that instance by its pid and removes the instance
. "$(dirname "$(readlink -f "$0")")/../lib.sh"
DIR=$STATE/rt/inst/$1
end "$DIR/server.pid" rt-server TERM
rm -rf "$DIR"
