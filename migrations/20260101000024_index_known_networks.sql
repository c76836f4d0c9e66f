-- Whether anybody at all has logged in from a network is asked at each try to log in: what is answered from there must not
-- tell whose network it is.
create index known_address_network on app.known_address (network);
